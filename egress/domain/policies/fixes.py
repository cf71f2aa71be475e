"""What mends a finding: changes of the typed fields, each of which somebody may take or leave."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from egress.domain.access import Destination, Protocol
from egress.domain.hosts import HostError, PastedDestination, parse_pasted
from egress.domain.policies.context import Limits
from egress.domain.policies.finding import Finding

HOSTS_OFFERED = 8
"""Hosts that are offered in place of one wildcard: more would be a list, not a fix."""

_NAMES_A_PORT = re.compile(r"://|:\d{1,5}(?:\D|$)|^[^@]*@")


@dataclass(frozen=True)
class Fix:
    """One change that mends a finding, as words and as what is typed afterwards.

    `changes` are values by the name of a field: of the destination when the finding is about
    one (`host`, `port`, `protocol`, `tls_origination`, `addresses`, `alias`, `long_lived`), of the
    request otherwise (`service_account`, `duration_days`). `hosts` are asked for in place of the
    destination. `removes` takes the destination out.
    """

    words: str
    changes: Mapping[str, str] | None = None
    hosts: tuple[str, ...] = ()
    removes: bool = False


_NO_TLS = Fix("Do not let the mesh add TLS", {"tls_origination": ""})
_USE_TLS = Fix("Use TLS", {"protocol": Protocol.TLS, "tls_origination": ""})
_USE_TCP = Fix("Use TCP", {"protocol": Protocol.TCP, "tls_origination": ""})
_REMOVE = Fix("Remove this destination", removes=True)
_NO_ALIAS = Fix("Leave the alias out", {"alias": ""})
_NO_ADDRESSES = Fix("Leave the fixed addresses out", {"addresses": ""})
_SIMPLE: dict[str, tuple[Fix, ...]] = {
    "OriginationNeedsHost": (_NO_TLS,),
    "OriginationNeedsHttp": (_NO_TLS,),
    "RawTcpOnWebPort": (_USE_TLS,),
    "ServerSpeaksFirst": (_USE_TCP,),
    "TlsBeginsLater": (_USE_TCP,),
    "AlreadyGranted": (_REMOVE,),
    "DestinationRepeated": (_REMOVE,),
    "AliasNotSupported": (_NO_ALIAS,),
    "AliasMalformed": (_NO_ALIAS,),
    "AliasTaken": (_NO_ALIAS,),
    "AliasConflict": (_NO_ALIAS,),
    "AddressesNotSupported": (_NO_ADDRESSES,),
    "TooManyAddresses": (_NO_ADDRESSES,),
    "AddressRangeNeedsTcp": (_USE_TCP, _USE_TLS),
    "LongLivedNotSupported": (Fix("Leave the option out", {"long_lived": ""}),),
    "ServiceAccountNotEnforced": (Fix("Ask for the whole namespace", {"service_account": ""}),),
}
_OF_WILDCARDS = frozenset({"Wildcard", "WildcardOfManyOwners", "WildcardNotSupported"})


def fixes_for(
    finding: Finding,
    destination: Destination | None,
    limits: Limits,
    known: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Fix, ...]:
    """Return what mends `finding`, the likeliest first; nothing where only people can.

    `destination` is the one that the finding is about, if any. `known` are hosts below the
    wildcards of the wish, by wildcard: those that somebody has used.
    """
    if finding.reason in _SIMPLE:
        return _SIMPLE[finding.reason]
    if finding.reason in ("DurationTooLong", "EndDateRequired", "DurationNotPositive"):
        return _of_duration(limits)
    if destination is None:
        return ()
    if finding.reason in _OF_WILDCARDS:
        return _in_place_of_wildcard(destination.host, known or {})
    return _of_ports(finding.reason, destination)


def fixes_for_text(host: str) -> tuple[Fix, ...]:
    """Return what somebody may have meant who typed `host`, which is no host name."""
    try:
        found = [one for one in parse_pasted(host).destinations if not one.reason]
    except HostError:
        return ()
    if len(found) == 1:
        return (_one_host(host, found[0]),)
    names = tuple(dict.fromkeys(one.host for one in found))[:HOSTS_OFFERED]
    return (Fix(f"Ask for these {len(names)} hosts", hosts=names),) if len(names) > 1 else ()


def _one_host(typed: str, meant: PastedDestination) -> Fix:
    if not _NAMES_A_PORT.search(typed):
        return Fix(f"Use {meant.host}", {"host": meant.host})
    return Fix(
        f"Use {meant.host} on port {meant.port}",
        {"host": meant.host, "port": str(meant.port), "protocol": meant.protocol},
    )


def _of_duration(limits: Limits) -> tuple[Fix, ...]:
    days = limits.max_duration.days
    return (Fix(f"Ask for {days} days", {"duration_days": str(days)}),)


def _in_place_of_wildcard(wildcard: str, known: Mapping[str, Sequence[str]]) -> tuple[Fix, ...]:
    hosts = tuple(known.get(wildcard, ()))[:HOSTS_OFFERED]
    if not hosts:
        return ()
    if len(hosts) == 1:
        return (Fix(f"Ask for {hosts[0]} instead", hosts=hosts),)
    return (Fix(f"Ask for these {len(hosts)} hosts instead", hosts=hosts),)


def _of_ports(reason: str, destination: Destination) -> tuple[Fix, ...]:
    number = destination.port
    to_80 = {"port": "80", "tls_origination": "on"}
    if reason == "HttpOnTlsPort":
        return (_USE_TLS, Fix("Port 80, and the mesh adds TLS", to_80))
    if reason == "TlsOnHttpPort":
        other = "8443" if number == 8080 else "443"
        clear = Fix("Use HTTP in clear text", {"protocol": Protocol.HTTP})
        return (Fix(f"Port {other} instead of {number}", {"port": other}), clear)
    if reason == "OriginationNeedsPort80":
        return (Fix(f"Port 80 instead of {number}", {"port": "80"}), _NO_TLS)
    if reason == "ClearText" and number == 80 and not destination.is_wildcard:
        over_tls = {"protocol": Protocol.TLS, "port": "443"}
        adds = Fix("Let the mesh add TLS", {"tls_origination": "on"})
        return (adds, Fix("TLS on port 443", over_tls))
    return ()
