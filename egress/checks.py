"""Numbered checks that refuse unsafe set-ups.

`manage.py check --deploy` lists them; web processes and workers refuse to start on their errors
(portal/guard.py). Commands that serve nobody, such as `render`, do not need them.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from egress.domain.naming import is_label_value

SETUP = "setup"
LOOPBACK = {"127.0.0.1", "localhost", "::1", ""}


@register(SETUP, deploy=True)
def keys_are_our_own(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E001, E002: the signing key is not the published one, and credential keys are usable."""
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == settings.DEFAULT_SECRET_KEY:
        found.append(
            Error(
                "EGRESS_SECRET_KEY is not set, so anybody could forge sessions.",
                hint="Set it to 50 random characters, for example by a secret file.",
                id="egress.E001",
            )
        )
    for key in settings.CREDENTIAL_KEYS:
        try:
            Fernet(key)
        except ValueError:
            found.append(
                Error(
                    "EGRESS_CREDENTIAL_KEYS holds something that is not a Fernet key.",
                    hint="Make one: python -c 'from cryptography.fernet import Fernet as F;"
                    " print(F.generate_key().decode())'",
                    id="egress.E002",
                )
            )
    return found


@register(SETUP, deploy=True)
def production_is_closed(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """E003 to E006: what is convenient in the demo is refused outside it."""
    found: list[CheckMessage] = []
    if settings.DEMO:
        return found
    if settings.DEBUG:
        found.append(Error("EGRESS_DEBUG is on outside the demo.", id="egress.E003"))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Error(
                "EGRESS_ALLOWED_HOSTS contains '*', so links in messages could be forged.",
                hint="List the names under which people reach the portal.",
                id="egress.E004",
            )
        )
    if not settings.CREDENTIAL_KEYS:
        found.append(
            Error(
                "EGRESS_CREDENTIAL_KEYS is not set: cluster credentials could not be sealed.",
                id="egress.E005",
            )
        )
    if not settings.BEHIND_TLS:
        found.append(
            Error("EGRESS_BEHIND_TLS is off: cookies would travel in the clear.", id="egress.E006")
        )
    return found


@register(SETUP, deploy=True)
def stores_fit_together(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """E007, W008: SQLite serves one machine, and Redis over a network is encrypted."""
    found: list[CheckMessage] = []
    broker = urlsplit(settings.CELERY_BROKER_URL)
    engine = str(settings.DATABASES["default"]["ENGINE"])
    remote = broker.scheme in {"redis", "rediss"} and broker.hostname not in LOOPBACK
    if engine.endswith("sqlite3") and remote:
        found.append(
            Error(
                "SQLite with a broker on another machine: workers there would see no database.",
                hint="Set EGRESS_DATABASE_URL to a PostgreSQL server.",
                id="egress.E007",
            )
        )
    if broker.scheme == "redis" and remote:
        found.append(
            checks.Warning(
                "Redis is reached over a network without TLS.",
                hint="Use rediss:// unless the network is private to the portal.",
                id="egress.W008",
            )
        )
    return found


@register(SETUP, deploy=True)
def workers_can_write(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E009, E010: a lease outlasts two calls, and the installation id can be a label."""
    found: list[CheckMessage] = []
    if settings.LEASE_SECONDS < 2 * settings.CALL_TIMEOUT_SECONDS:
        found.append(
            Error(
                "EGRESS_LEASE_SECONDS is too short: no write would ever fit into a lease.",
                hint="Make it at least twice EGRESS_CALL_TIMEOUT_SECONDS.",
                id="egress.E009",
            )
        )
    if not is_label_value(settings.INSTALLATION):
        found.append(
            Error(
                f'EGRESS_INSTALLATION is "{settings.INSTALLATION}", which cannot be a label.',
                hint="Use at most 63 letters, digits, dots, hyphens and underscores.",
                id="egress.E010",
            )
        )
    return found


@register(SETUP, deploy=True)
def providers_are_safe(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """E020 to E022: identity providers are complete and safe, and trusted proxies are networks."""
    from egress.services.sign_in.providers import problems_of

    found: list[CheckMessage] = []
    for number, given in enumerate(settings.OIDC_PROVIDERS, 1):
        name = str(given.get("id") or f"number {number}")
        found += [
            Error(
                f'EGRESS_OIDC_FILE, provider "{name}": {problem}',
                hint="docs/sign-in.md shows what an entry holds.",
                id="egress.E020",
            )
            for problem in problems_of(given, demo=settings.DEMO)
        ]
    names = [given.get("id") for given in settings.OIDC_PROVIDERS]
    if len(set(map(str, names))) < len(names):
        found.append(Error("EGRESS_OIDC_FILE has two providers of one id.", id="egress.E021"))
    if settings.OIDC_PROVIDERS and not settings.CREDENTIAL_KEYS:
        found.append(
            Error(
                "EGRESS_CREDENTIAL_KEYS is not set: tokens could not be sealed.", id="egress.E021"
            )
        )
    if wrong := [one for one in settings.TRUSTED_PROXIES if not _is_network(one)]:
        found.append(
            Error(
                f'EGRESS_TRUSTED_PROXIES holds "{wrong[0]}", which is no network, or is all.',
                hint="Name the proxies, such as 10.0.0.0/8, or unix for a socket.",
                id="egress.E022",
            )
        )
    return found


def _is_network(text: str) -> bool:
    if text == "unix":
        return True
    try:
        return ipaddress.ip_network(text, strict=False).prefixlen > 0
    except ValueError:
        return False
