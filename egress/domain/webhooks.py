"""What programs are told of by webhooks: groups of events, addresses, and the body of a message."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from egress.domain.notices import is_outside
from egress.domain.policies.names import leads_inside

GROUPS: Mapping[str, tuple[str, ...]] = {
    "requests": ("request",),
    "break-glass": ("break-glass",),
    "grants": ("grant", "adoption", "recertification"),
    "deliveries": ("delivery", "slice"),
    "drift": ("drift", "sweep", "brake"),
    "clusters": ("cluster", "namespace"),
    "people": ("person", "robot", "team", "role", "token", "delegation"),
}
"""The nouns of audit tags, by the group that people choose."""

OTHERS = "administration"
"""The group of everything else: whatever the portal comes to record is told to somebody."""

GROUP_WORDS: Mapping[str, str] = {
    "requests": "Requests: asked, edited, decided, withdrawn, lapsed",
    "break-glass": "Break-glass: opened, looked at, ended unanswered",
    "grants": "Grants: made, in force, expiring, to be confirmed, ended, seen gone, failed",
    "deliveries": "Deliveries: what is written to clusters",
    "drift": "Drift and the brake",
    "clusters": "Clusters and namespaces",
    "people": "People, teams, roles and tokens",
    OTHERS: "Everything else that admins change",
}

LONGEST_ADDRESS = 2000
CONTENT_TYPE = "application/json"
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


def group_of(tag: str) -> str:
    """Return the group of an audit tag such as `request:approved`."""
    noun = tag.partition(":")[0]
    return next((group for group, nouns in GROUPS.items() if noun in nouns), OTHERS)


def type_of(tag: str) -> str:
    """Return the name of an event as Standard Webhooks spells it, such as `request.approved`."""
    return tag.replace(":", ".", 1)


def body_of(event: Mapping[str, Any], portal: str) -> str:
    """Return the JSON text that is signed and sent.

    `event` has the fields of an audit event, `at` as ISO text; `portal` is the portal's address.
    What was changed in detail is not in it: whoever may read that asks the API.
    """
    names = ("sequence", "actor", "cluster", "namespace", "host", "target", "target_id", "message")
    body = {
        "type": type_of(event["tag"]),
        "timestamp": event["at"],
        "data": {
            **{name: event[name] for name in names},
            "url": f"{portal.rstrip('/')}/audit/{event['sequence']}",
        },
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def problem_of_address(url: str, *, private_allowed: bool) -> str:
    """Return what is wrong with the address of a webhook, in a sentence without it; empty if fine.

    Where a name leads to is judged when it is connected to, not here.
    """
    if len(url) > LONGEST_ADDRESS or not url.isascii() or not url.isprintable() or " " in url:
        return "This is no address. Paste it in one line, without spaces."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "This is no address of a server."
    if "[" in parts.netloc and ":" not in host:
        return "This is no address of a server."
    if parts.scheme != "https" or not host or port == 0:
        return (
            "A webhook is called over https: give an address such as https://ci.example.com/egress."
        )
    if "@" in parts.netloc or "\\" in url or parts.fragment:
        return "Leave out user names, backslashes and what follows #. Calls are signed instead."
    if not private_allowed and not _may_be_outside(host):
        return "This address is not on the internet. Set EGRESS_CHANNELS_TO_PRIVATE to allow it."
    return ""


def shown_address(url: str) -> str:
    """Return what may be shown of an accepted address: never its path, which may hold a secret."""
    parts = urlsplit(url)
    return f"https://{parts.netloc}/…"


def _may_be_outside(host: str) -> bool:
    name = host.removesuffix(".")
    if ":" in host or name.rpartition(".")[2][:1].isdigit():
        return is_outside(host)
    # Libraries decode what is left, such as %31 for 1, and call what comes of it.
    is_name = _NAME.fullmatch(name) is not None and "." in name
    return is_name and not leads_inside(name)
