"""Hosts that many owners share: a grant for one of them reaches all of them."""

from collections.abc import Iterator

from egress.domain.hosts import shared_suffix
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted

_SHARED = frozenset(
    {
        "akamaiedge.net",
        "akamaihd.net",
        "akamaized.net",
        "amazonaws.com",
        "azureedge.net",
        "azurefd.net",
        "b-cdn.net",
        "blob.core.windows.net",
        "cdn77.org",
        "cloudflare-ech.com",
        "cloudfront.net",
        "discord.com",
        "dropboxapi.com",
        "edgekey.net",
        "edgesuite.net",
        "fastly.net",
        "fastlylb.net",
        "firebaseio.com",
        "gist.github.com",
        "githubusercontent.com",
        "googleusercontent.com",
        "jsdelivr.net",
        "ngrok.app",
        "ngrok.dev",
        "ngrok.io",
        "ngrok-free.app",
        "pages.dev",
        "pastebin.com",
        "r2.cloudflarestorage.com",
        "storage.googleapis.com",
        "transfer.sh",
        "trycloudflare.com",
        "unpkg.com",
        "workers.dev",
    }
)
"""Content networks and services where strangers publish or store under the same name or edge.

Beside the PRIVATE section of the Public Suffix List, which knows most of them.
"""


def shared_host(case: Case) -> Iterator[Finding]:
    """Warn of content networks and hosting where the name says little about who answers."""
    destination = case.destination
    if destination.is_cidr:
        return
    host = destination.host.removeprefix("*.")
    suffix = shared_suffix(host) or _listed_suffix(host)
    if suffix:
        yield case.finding(
            "SharedHost",
            f"Many owners share {quoted(suffix)}: data can leave to any of them through "
            f"{quoted(host)}. If that matters, request the owner's own name, or HTTP with TLS "
            "origination.",
            Level.WARN,
            "host",
        )


def covers_shared_hosts(domain: str) -> bool:
    """Tell whether strangers share `domain`, or a listed name below it."""
    return any(domain == listed or listed.endswith(f".{domain}") for listed in _SHARED)


def _listed_suffix(host: str) -> str | None:
    labels = host.split(".")
    suffixes = (".".join(labels[start:]) for start in range(len(labels) - 1))
    return next((suffix for suffix in suffixes if suffix in _SHARED), None)
