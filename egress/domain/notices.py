"""What people are told of, by which way, and how often a message is tried."""

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from urllib.parse import quote

from egress.domain.hosts.addresses import NEVER_OPENED, meets


class Kind(StrEnum):
    """What a notification is about."""

    TO_DECIDE = "to-decide"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    DECIDED = "decided"
    APPLIED = "applied"
    FAILED = "failed"
    EXPIRING = "expiring"
    RECERTIFY = "recertify"
    DRIFT = "drift"
    BREAK_GLASS = "break-glass"


TO_BE_DECIDED = frozenset({Kind.TO_DECIDE, Kind.REMINDER, Kind.ESCALATION})
"""Kinds that matter for as long as nobody decided."""


ALWAYS_TOLD = frozenset({Kind.BREAK_GLASS})
"""Kinds that nobody can turn off, nor leave to the daily mail."""


class Way(StrEnum):
    """How somebody hears of a kind. Everything but `off` stands in the portal, too."""

    OFF = "off"
    PORTAL = "portal"
    MAIL = "mail"
    DIGEST = "digest"


KIND_WORDS: Mapping[Kind, str] = {
    Kind.TO_DECIDE: "A request waits for my decision",
    Kind.REMINDER: "A request still waits for my decision",
    Kind.ESCALATION: "A request waits too long for its approvers",
    Kind.DECIDED: "My request was decided",
    Kind.APPLIED: "Access I asked for is in force",
    Kind.FAILED: "Access failed, or was ended early",
    Kind.EXPIRING: "Access ends soon",
    Kind.RECERTIFY: "Access waits to be confirmed",
    Kind.DRIFT: "A cluster differs from what was granted",
    Kind.BREAK_GLASS: "Access was opened by break-glass, and what came of it",
}
"""Each kind as somebody reads it in their own settings."""

CHANNEL_WORDS: Mapping[Kind, str] = {
    Kind.TO_DECIDE: "A request waits for a decision",
    Kind.REMINDER: "A request still waits for a decision",
    Kind.ESCALATION: "A request waits too long for its approvers",
    Kind.DECIDED: "A request was decided",
    Kind.APPLIED: "Access is in force",
    Kind.FAILED: "Access failed, or was ended early",
    Kind.EXPIRING: "Access ends soon",
    Kind.RECERTIFY: "Access waits to be confirmed",
    Kind.DRIFT: "A cluster differs from what was granted",
    Kind.BREAK_GLASS: "Access was opened by break-glass, and what came of it",
}
"""Each kind as it concerns everybody who reads a channel."""

WAY_WORDS: Mapping[Way, str] = {
    Way.OFF: "Off",
    Way.PORTAL: "In the portal",
    Way.MAIL: "Mail at once",
    Way.DIGEST: "Daily mail",
}

DEFAULT_WAYS: Mapping[Kind, Way] = {
    Kind.TO_DECIDE: Way.MAIL,
    Kind.REMINDER: Way.MAIL,
    Kind.ESCALATION: Way.MAIL,
    Kind.DECIDED: Way.MAIL,
    Kind.APPLIED: Way.PORTAL,
    Kind.FAILED: Way.MAIL,
    Kind.EXPIRING: Way.MAIL,
    Kind.RECERTIFY: Way.DIGEST,
    Kind.DRIFT: Way.PORTAL,
    Kind.BREAK_GLASS: Way.MAIL,
}
"""How somebody hears of a kind who never chose."""

DEFAULT_DIGEST_HOUR = 7
"""The hour of the daily mail, in UTC."""

QUIET_TIME = timedelta(hours=6)
"""What may come and go many times a day is told again after this time only."""

TRIES = 14
"""How often a message is tried before it is given up."""

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=2)


def pause_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many failed attempts, None when it is given up."""
    if attempts >= TRIES:
        return None
    return min(_FIRST_PAUSE * (1 << (attempts - 1)), _LONGEST_PAUSE)


def counted(names: Sequence[str], most: int = 3) -> str:
    """Return names for a sentence, the first few and how many follow: `a, b and 4 more`."""
    shown, rest = list(names[:most]), len(names) - most
    if rest > 0:
        return f"{', '.join(shown)} and {rest} more"
    return ", ".join(shown[:-1]) + (" and " if len(shown) > 1 else "") + "".join(shown[-1:])


def request_link(pk: int) -> str:
    """Return the address of a request within the portal."""
    return f"/requests/{pk}"


def grant_link(pk: int) -> str:
    """Return the address of a grant within the portal."""
    return f"/grants/{pk}"


def recertification_link(cluster: str, namespace: str) -> str:
    """Return the address of what waits to be confirmed in a namespace, within the portal."""
    return f"/recertification?cluster={quote(cluster)}&namespace={quote(namespace)}"


def cluster_link(name: str) -> str:
    """Return the address of a cluster within the portal."""
    return f"/clusters/{name}"


# --- channels -----------------------------------------------------------------

SERVICES: Mapping[str, str] = {
    "discord": "Discord",
    "gchat": "Google Chat",
    "opsgenie": "Opsgenie",
    "pagerduty": "PagerDuty",
    "slack": "Slack",
    "tgram": "Telegram",
    "wxteams": "Webex",
    "zulip": "Zulip",
}
"""Services with an address of their own, by the scheme of their channels."""

OWN_SERVERS: Mapping[str, str] = {
    "gotifys": "Gotify",
    "jsons": "JSON over https",
    "mmosts": "Mattermost",
    "ntfys": "ntfy",
    "rockets": "Rocket.Chat",
    "workflows": "Microsoft Teams",
}
"""What runs under any host name, by scheme. Only those that speak https are here."""


def masked(scheme: str, host: str = "") -> str:
    """Return what may be shown of a channel's address: never a token, never a path.

    In addresses of `SERVICES` the place of the host holds a secret, so it is left out as well.
    """
    if scheme in OWN_SERVERS and host:
        return f"{scheme}://{host}/…"
    return f"{scheme}://…"


_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""Of IPv6, all that the internet uses; mapped and translated addresses lie elsewhere."""

_OF_NO_SERVER = (
    *NEVER_OPENED,
    *map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")),
)
"""Ranges of protocols and examples, tunnels, and what clouds serve credentials at."""


def is_outside(address: str) -> bool:
    """Tell whether an IP address is one of the public internet.

    Addresses that stand for another one (mapped, translated, tunnelled) are not: what they lead
    to is decided elsewhere.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if not parsed.is_global or parsed.is_multicast:
        return False
    if parsed.version == 6 and parsed not in _GLOBAL_UNICAST:
        return False
    return not meets(ipaddress.ip_network(parsed), _OF_NO_SERVER)
