"""Where a request comes from."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings


def address_of(meta: Mapping[str, Any]) -> str:
    """Return the address of the client, or the /64 network of an IPv6 one, by a request's `META`.

    `X-Forwarded-For` counts only as far as proxies of EGRESS_TRUSTED_PROXIES wrote it: read from
    its end, the first address that is none of them.
    """
    here = meta.get("REMOTE_ADDR", "")
    for said in reversed(meta.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if not _is_trusted(here):
            break
        here = said.strip() or here
    try:
        address = ipaddress.ip_address(here)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _is_trusted(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        # A socket of this machine has no address: what writes to it is the proxy.
        return not text and "unix" in settings.TRUSTED_PROXIES
    nets = (one for one in settings.TRUSTED_PROXIES if one != "unix")
    return any(address in ipaddress.ip_network(net, strict=False) for net in nets)
