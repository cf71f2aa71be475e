"""Settings from the environment, read once, failing loudly.

Every variable may also be given as `NAME_FILE`, the path of a file that holds the value: that is
how secrets arrive from an orchestrator.
"""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """Return the value of `name`, or `default`.

    Raises ImproperlyConfigured when it is absent without a default, or given twice.
    """
    value, path = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value is not None and path is not None:
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set: keep one of them.")
    if path is not None:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: cannot read '{path}': {error}") from error
    if value is not None:
        return value
    if default is None:
        raise ImproperlyConfigured(f"Set {name} (or {name}_FILE) in the environment.")
    return default


def flag(name: str, default: bool) -> bool:
    """Return a yes/no variable. Raises ImproperlyConfigured for anything else."""
    value = text(name, "yes" if default else "no").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is '{value}': write yes or no.")


def number(name: str, default: float) -> float:
    """Return a non-negative number. Raises ImproperlyConfigured for anything else."""
    value = text(name, str(default))
    try:
        parsed = float(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is '{value}': write a number.") from error
    if not 0 <= parsed < float("inf"):
        raise ImproperlyConfigured(f"{name} is '{value}': write a number of at least 0.")
    return parsed


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list without empty entries."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


# A process that is frozen within a transaction keeps its locks; without limits, a revoke that
# needs one of them waits until somebody thaws or kills it. Starting further processes for one query
# takes longer than any page may, and they are what others wait for; so does compiling it.
_POSTGRES_LIMITS = (
    "-c idle_in_transaction_session_timeout=10s -c lock_timeout=15s "
    "-c max_parallel_workers_per_gather=0 -c jit=off"
)


def database(name: str, default: str) -> dict[str, object]:
    """Return Django's settings for a database URL (`postgresql://...` or `sqlite:///path`).

    SQLite runs in WAL mode with IMMEDIATE transactions: a deferred one fails at its first write
    when another process wrote in between, and no retry can save it. On PostgreSQL a lock is held
    by an idle process, and waited for, for seconds only, and a query has one process to itself;
    `?options=` in the URL replaces that.
    """
    url = urlsplit(text(name, default))
    if url.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(url.path[1:]),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    if url.scheme in {"postgresql", "postgres"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path[1:]),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": unquote(url.hostname or ""),
            "PORT": str(url.port or ""),
            "CONN_HEALTH_CHECKS": True,
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "connect_timeout": 5,
                "options": _POSTGRES_LIMITS,
                **dict(parse_qsl(url.query)),
            },
        }
    raise ImproperlyConfigured(
        f"{name} has the scheme '{url.scheme}': use postgresql:// or sqlite:///."
    )


_MAIL_BACKENDS = {"file": "filebased", "console": "console", "smtp": "smtp", "smtps": "smtp"}


def mail(name: str) -> dict[str, object]:
    """Return Django's settings for a mail URL; without one nothing is sent.

    `smtp://user:password@host:587` begins TLS by STARTTLS, `smtps://` at once; `?tls=no` sends in
    the clear. `file:///folder` and `console:` are for trying. Raises ImproperlyConfigured.
    """
    given = text(name, "")
    if not given:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    try:
        url = urlsplit(given)
        host, port = url.hostname or "", url.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is no URL: {error}.") from error
    if url.scheme not in _MAIL_BACKENDS:
        raise ImproperlyConfigured(
            f"{name} has the scheme '{url.scheme}': use smtp://, smtps://, file:/// or console:."
        )
    backend = f"django.core.mail.backends.{_MAIL_BACKENDS[url.scheme]}.EmailBackend"
    if url.scheme in {"file", "console"}:
        return {"EMAIL_BACKEND": backend, "EMAIL_FILE_PATH": unquote(url.path)}
    if not host:
        raise ImproperlyConfigured(f"{name} names no host: write smtp://host:port.")
    is_smtps, tls = url.scheme == "smtps", dict(parse_qsl(url.query)).get("tls", "yes")
    return {
        "EMAIL_BACKEND": backend,
        "EMAIL_HOST": host,
        "EMAIL_PORT": port or (465 if is_smtps else 587),
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_SSL": is_smtps,
        "EMAIL_USE_TLS": not is_smtps and tls != "no",
        "EMAIL_TIMEOUT": 10,
    }
