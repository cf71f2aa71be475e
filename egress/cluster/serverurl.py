"""Which addresses of an API server the portal is willing to call."""

import ipaddress
import re
from typing import NoReturn

from egress.cluster.errors import ClusterError, Fault

# Stricter than a URL parser on purpose: two parsers that disagree about a URL are a way around
# a check, and no API server needs more than this.
_SERVER = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[A-Za-z0-9_~.-]+)*)/?"
)


def check_server(url: str) -> str:
    """Return the URL of an API server without a slash at its end.

    Only https is accepted, and http to this machine (the sandbox). Raises
    ClusterError(CREDENTIALS) otherwise, without quoting what may be a password.
    """
    match = _SERVER.fullmatch(url) if len(url) <= 512 else None
    if match is None:
        _refuse("is not the address of an API server, like https://api.example.com:6443")
    if ".." in url or int(match["port"] or 443) not in range(1, 65536):
        _refuse("has a port or path that does not exist")
    host = match["host"].strip("[]").lower()
    address = _address(host)
    if address is not None and (
        address.is_link_local or address.is_unspecified or address.is_multicast
    ):
        _refuse(f'points to "{host}", where no API server can be')
    is_here = host == "localhost" or (address is not None and address.is_loopback)
    if match["scheme"] != "https" and not (match["scheme"] == "http" and is_here):
        _refuse("must start with https:// (http:// is for a sandbox on this machine only)")
    return url.rstrip("/")


def is_on_this_machine(url: str) -> bool:
    """Tell whether the URL names a loopback address, which no proxy must see."""
    match = _SERVER.fullmatch(url)
    host = match["host"].strip("[]").lower() if match else ""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _refuse(problem: str) -> NoReturn:
    raise ClusterError(f'The "server" of the kubeconfig {problem}.', Fault.CREDENTIALS)
