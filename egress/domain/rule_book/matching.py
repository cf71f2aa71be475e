"""Whether a rule applies to a wish.

What opens access must cover the whole wish; what closes it is touched by a part of it already.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain

from egress.domain.access import Destination, Wish
from egress.domain.policies import Finding
from egress.domain.rule_book.book import RISKS, Kind, Rule, When, risk_of

ANY = "*"
Offer = tuple[str, int, str, bool]
"""One destination of a catalogue entry: host, port, protocol, and whether the mesh speaks TLS."""


@dataclass(frozen=True)
class Facts:
    """What rules may look at. `findings` are those of the policies, `owner` owns the namespace.

    `reason` and `ticket` None are not asked for. `catalogue` has the destinations of the entries.
    """

    cluster: str
    wish: Wish
    findings: tuple[Finding, ...] = ()
    owner: str = ""
    requester_teams: frozenset[str] = frozenset()
    reason: str | None = ""
    ticket: str | None = ""
    catalogue: Mapping[str, frozenset[Offer]] = field(default_factory=dict)


def applies(rule: Rule, facts: Facts) -> bool:
    """Tell whether a rule applies: to all destinations when it approves, else to one of them."""
    if not _holds(rule.when, facts):
        return False
    asked = facts.wish.destinations
    if rule.approves:
        return bool(asked) and all(_covers(rule.when, one, facts) for one in asked)
    return any(_touches(rule.when, one, facts) for one in asked)


def is_like(pattern: str, text: str) -> bool:
    """Tell whether a whole text is like a shell pattern. An empty text is like none."""
    return bool(text) and fnmatchcase(text, pattern)


def _holds(when: When, facts: Facts) -> bool:
    days = _days(facts.wish)
    risk = RISKS.index(risk_of(facts.findings))
    return (
        _one_of(when.clusters, [facts.cluster])
        and _one_of(when.namespaces, [facts.wish.subject.namespace])
        and _one_of(when.teams, [facts.owner])
        and _one_of(when.requester_teams, facts.requester_teams)
        and (not when.risk_at_most or risk <= RISKS.index(when.risk_at_most))
        and (not when.risk_at_least or risk >= RISKS.index(when.risk_at_least))
        and (not when.duration_at_most or days <= when.duration_at_most)
        and (not when.duration_over or days > when.duration_over)
    )


def _days(wish: Wish) -> float:
    return float("inf") if wish.duration is None else wish.duration.total_seconds() / 86_400


def _one_of(patterns: tuple[str, ...], values: Iterable[str]) -> bool:
    known = list(values)
    return not patterns or any(is_like(one, value) for one in patterns for value in known)


def _spoken(when: When, one: Destination) -> bool:
    return (
        (not when.ports or one.port in when.ports)
        and (not when.protocols or one.protocol in when.protocols)
        and (not when.kinds or Kind.of(one) in when.kinds)
    )


def _covers(when: When, one: Destination, facts: Facts) -> bool:
    if not _spoken(when, one):
        return False
    if not when.says_where_to:
        return True
    offer = (one.host, one.port, str(one.protocol), one.tls_origination)
    return any(covers_host(pattern, one.host) for pattern in when.destinations) or any(
        offer in facts.catalogue.get(name, frozenset()) for name in when.catalogue
    )


def _touches(when: When, one: Destination, facts: Facts) -> bool:
    if not _spoken(when, one):
        return False
    if not when.says_where_to:
        return True
    offers = chain.from_iterable(facts.catalogue.get(name, frozenset()) for name in when.catalogue)
    return any(touches_host(pattern, one) for pattern in when.destinations) or any(
        port == one.port and touches_host(host, one) for host, port, _, _ in offers
    )


def covers_host(pattern: str, host: str) -> bool:
    """Tell whether all that `host` names is within `pattern`: `*`, `*.zone`, a host, a range."""
    if pattern == ANY:
        return True
    if "/" in pattern or "/" in host:
        return _is_within(host, pattern)
    if pattern.startswith("*."):
        return host == pattern or host.removeprefix("*.").endswith(pattern[1:])
    return host == pattern


def touches_host(pattern: str, one: Destination) -> bool:
    """Tell whether something that the destination opens is within `pattern`."""
    return any(
        covers_host(pattern, host) or (pattern != ANY and covers_host(host, pattern))
        for host in (one.host, *map(_as_range, one.addresses))
    )


def _as_range(address: str) -> str:
    return str(ipaddress.ip_network(address))


def _is_within(host: str, pattern: str) -> bool:
    if "/" not in pattern or "/" not in host:
        return False
    inner, outer = ipaddress.ip_network(host), ipaddress.ip_network(pattern)
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return False
