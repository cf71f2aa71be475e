"""What a rule book says: rules, each with when it applies and what then happens."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from egress.domain.access import Destination, Protocol
from egress.domain.authority import Stage
from egress.domain.policies import Finding, Level

RISKS = ("clear", *(str(level) for level in reversed(Level)))
"""Risks from the lowest to the highest; a wish is clear when no policy says anything."""


def risk_of(findings: tuple[Finding, ...]) -> str:
    """Return the highest risk among findings."""
    return max((str(finding.level) for finding in findings), key=RISKS.index, default=RISKS[0])


class Kind(StrEnum):
    """What a destination names: one host, every host below a domain, or addresses."""

    NAME = "name"
    WILDCARD = "wildcard"
    RANGE = "range"

    @classmethod
    def of(cls, destination: Destination) -> "Kind":
        """Return the kind of a destination."""
        if destination.is_cidr:
            return cls.RANGE
        return cls.WILDCARD if destination.is_wildcard else cls.NAME


@dataclass(frozen=True)
class When:
    """The conditions of a rule; each that is given must hold, one entry of a list is enough.

    `destinations` and `catalogue` say the same, where to, so that one of the two is enough.
    Durations are days; access without an end date is longer than any.
    """

    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    requester_teams: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    catalogue: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    protocols: tuple[Protocol, ...] = ()
    kinds: tuple[Kind, ...] = ()
    risk_at_most: str = ""
    risk_at_least: str = ""
    duration_at_most: int = 0
    duration_over: int = 0

    @property
    def says_where_to(self) -> bool:
        """Whether the conditions name destinations."""
        return bool(self.destinations or self.catalogue)


@dataclass(frozen=True)
class Requirement:
    """What a wish needs: texts like a pattern, an end, and people. Empty asks for nothing."""

    reason_pattern: str = ""
    ticket_pattern: str = ""
    maximum_duration: int = 0
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule: it approves, it denies with a sentence, or it requires something."""

    name: str
    when: When = When()
    approves: bool = False
    denies: str = ""
    requires: Requirement | None = None


@dataclass(frozen=True)
class Book:
    """The rules of a rule book, in their order."""

    rules: tuple[Rule, ...] = ()

    @property
    def catalogue(self) -> frozenset[str]:
        """The catalogue entries that rules name."""
        return frozenset(name for rule in self.rules for name in rule.when.catalogue)

    @property
    def looks_at_owners(self) -> bool:
        """Whether a rule asks which team owns a namespace."""
        return any(rule.when.teams for rule in self.rules)

    @property
    def looks_at_requesters(self) -> bool:
        """Whether a rule asks for the teams of who makes a request."""
        return any(rule.when.requester_teams for rule in self.rules)

    @property
    def demands_people(self) -> bool:
        """Whether a rule asks for people."""
        return any(rule.requires and rule.requires.stages for rule in self.rules)


def add_up(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    """Return stages without repetition: of those with one name and team, the most approvals."""
    found: dict[tuple[str, str], Stage] = {}
    for stage in stages:
        key = (stage.name, stage.team)
        known = found.get(key)
        if known is None or stage.approvals > known.approvals:
            found[key] = stage
    return tuple(found.values())
