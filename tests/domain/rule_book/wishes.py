"""Wishes and rules for tests of rule books, and random ones."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from egress.domain.access import Destination, Protocol, Subject, Wish
from egress.domain.authority import Stage
from egress.domain.policies import Finding, Level
from egress.domain.rule_book import RISKS, Book, Facts, Kind, Requirement, Rule, When

HOSTS = ("api.example.com", "db.example.com", "*.example.com", "example.net", "203.0.113.0/24")
PATTERNS = ("*", "*.example.com", "api.example.com", "example.net", "203.0.113.0/28")
ENTRY = {"registry": frozenset({("api.example.com", 443, "TLS", False)})}


def facts(*hosts: str, namespace: str = "pay-api", days: int | None = 30, **other: Any) -> Facts:
    """Return what is known of a wish of `namespace` for TLS hosts on port 443."""
    asked = tuple(Destination(host, 443, Protocol.TLS) for host in hosts or HOSTS[:1])
    duration = None if days is None else timedelta(days=days)
    return Facts("main", Wish(Subject(namespace), asked, duration), **other)


def finding(level: Level) -> Finding:
    """Return a remark of a policy."""
    return Finding("Remark", "A remark.", level)


def _some(values: Any) -> Any:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


WHENS = st.builds(
    When,
    clusters=_some(["main", "m*", "other"]),
    namespaces=_some(["pay-*", "shop", "*"]),
    teams=_some(["payments", "shop"]),
    requester_teams=_some(["payments", "s*"]),
    destinations=_some(PATTERNS),
    catalogue=_some(["registry", "unknown"]),
    ports=_some([443, 80]),
    protocols=_some([Protocol.TLS, Protocol.HTTP]),
    kinds=_some([*Kind]),
    risk_at_most=st.sampled_from(["", *RISKS]),
    risk_at_least=st.sampled_from(["", *RISKS[:3]]),
    duration_at_most=st.sampled_from([0, 0, 7, 90]),
    duration_over=st.sampled_from([0, 0, 7, 30]),
)
STAGES = st.builds(
    Stage,
    st.sampled_from(["approval", "security"]),
    st.integers(1, 3),
    st.sampled_from(["", "team-security"]),
)
REQUIREMENTS = st.builds(
    Requirement,
    reason_pattern=st.sampled_from(["", "*", "CHG-*"]),
    ticket_pattern=st.sampled_from(["", "https://tickets.example.com/*"]),
    maximum_duration=st.sampled_from([0, 7, 90]),
    stages=st.lists(STAGES, max_size=2).map(tuple),
)
RULES = st.one_of(
    st.builds(Rule, st.just("approves"), WHENS, approves=st.just(True)),
    st.builds(Rule, st.just("denies"), WHENS, denies=st.just("Use the mirror.")),
    st.builds(Rule, st.just("requires"), WHENS, requires=REQUIREMENTS),
)
BOOKS = st.lists(RULES, max_size=5).map(lambda rules: Book(tuple(rules)))
FINDINGS = st.lists(st.sampled_from([*Level]).map(finding), max_size=2).map(tuple)
FACTS = st.builds(
    facts,
    st.sampled_from(HOSTS),
    st.sampled_from(HOSTS),
    namespace=st.sampled_from(["pay-api", "shop"]),
    days=st.sampled_from([None, 7, 30, 365]),
    findings=FINDINGS,
    owner=st.sampled_from(["", "payments"]),
    requester_teams=st.sampled_from([frozenset(), frozenset({"shop"})]),
    reason=st.sampled_from(["", "CHG-1 rates", "Because."]),
    ticket=st.sampled_from(["", "https://tickets.example.com/1"]),
    catalogue=st.just(ENTRY),
)
