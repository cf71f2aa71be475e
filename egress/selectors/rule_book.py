"""The rule book: which one is in force, and what it says to a wish."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import EllipsisType
from typing import Any

from django.db.models import QuerySet, Subquery

from egress.domain.access import Wish
from egress.domain.policies import Finding, Level
from egress.domain.rule_book import (
    UNREADABLE,
    Book,
    Facts,
    Offer,
    Outcome,
    RuleBookError,
    judge,
    of_policies,
    parse_rule_book,
)
from egress.models import CatalogueEntry, Cluster, Person, Request, RuleBook
from egress.selectors.bindings import digest
from egress.selectors.policy import present_namespace

Catalogue = Mapping[str, frozenset[Offer]]


@dataclass(frozen=True)
class Known:
    """What was read already of what a rule book is judged with; what is left out is read.

    `book` is the one in force, None without one. `owner` is the team that owns the namespace, and
    `teams` are those of who asks.
    """

    book: RuleBook | EllipsisType | None = ...
    owner: str | None = None
    teams: frozenset[str] | None = None


NOTHING_KNOWN = Known()
_BOUND = ("number", "text", "digest", "catalogue")


def beside(rows: QuerySet[Request]) -> QuerySet[Request]:
    """Return requests that carry the rule book in force along, for `carried_by`."""
    in_force = RuleBook.objects.filter(state=RuleBook.State.IN_FORCE)
    return rows.annotate(
        **{f"rule_book_{name}": Subquery(in_force.values(name)[:1]) for name in _BOUND}
    )


def carried_by(row: Request) -> RuleBook | EllipsisType | None:
    """Return the rule book in force, as far as the request came out of `beside`."""
    if not hasattr(row, "rule_book_number"):
        return ...
    values = {name: getattr(row, f"rule_book_{name}") for name in _BOUND}
    return RuleBook(**values) if values["number"] is not None else None


def all_rule_books() -> QuerySet[RuleBook]:
    """Return all versions, the newest first, with the people who had to do with them."""
    return RuleBook.objects.select_related("author", "proposed_by", "decided_by", "begun_from")


def book_in_force() -> RuleBook | None:
    """Return the version in force, None without one."""
    return RuleBook.objects.filter(state=RuleBook.State.IN_FORCE).first()


def outcome_of(
    cluster: Cluster,
    wish: Wish,
    requester: Person | None,
    findings: Iterable[Finding],
    reason: str | None,
    ticket: str | None,
    known: Known = NOTHING_KNOWN,
) -> Outcome:
    """Return what the rule book in force says to a wish; nothing when there is none.

    `findings` are those of the policies. `reason` and `ticket` None are not asked for here. A
    rule book that cannot be read, or was changed past the portal, blocks everything. `known` is
    what was read already.
    """
    stored = book_in_force() if isinstance(known.book, EllipsisType) else known.book
    if stored is None:
        return Outcome()
    book = _read(stored)
    if book is None:
        return Outcome((_unreadable(stored),), version=stored.number)
    facts = Facts(
        cluster=cluster.name,
        wish=wish,
        findings=of_policies(tuple(findings)),
        owner=_owner(cluster, wish, known) if book.looks_at_owners else "",
        requester_teams=_teams(requester, known) if book.looks_at_requesters else frozenset(),
        reason=reason,
        ticket=ticket,
        catalogue=offers_of(stored.catalogue),
    )
    return judge(book, facts, stored.number)


def _owner(cluster: Cluster, wish: Wish, known: Known) -> str:
    if known.owner is not None:
        return known.owner
    namespace = present_namespace(cluster, wish.subject.namespace)
    return namespace.owner_name if namespace else ""


def _teams(requester: Person | None, known: Known) -> frozenset[str]:
    if known.teams is not None:
        return known.teams
    return frozenset(requester.groups.values_list("name", flat=True) if requester else ())


def digest_of(stored: RuleBook) -> str:
    """Return what `RuleBook.digest` must be: its number, its text and its catalogue entries."""
    return digest(
        {
            "catalogue": stored.catalogue,
            "number": stored.number,
            # The digest of facts is over ASCII; a text may be long, so it is hashed once before.
            "text": hashlib.sha256(stored.text.encode()).hexdigest(),
        }
    )


def catalogue_now(names: Iterable[str]) -> dict[str, list[list[Any]]]:
    """Return the destinations of catalogue entries, retired ones left out, as they are stored."""
    rows = CatalogueEntry.objects.filter(name__in=sorted(names), is_active=True)
    return {
        row.name: [
            [one["host"], one["port"], one["protocol"], bool(one.get("tls_origination"))]
            for one in row.destinations
        ]
        for row in rows.order_by("name")
    }


def offers_of(catalogue: Mapping[str, Iterable[Any]]) -> dict[str, frozenset[Offer]]:
    """Return stored destinations of catalogue entries as rules compare them."""
    return {
        name: frozenset((host, port, protocol, tls) for host, port, protocol, tls in rows)
        for name, rows in catalogue.items()
    }


def _read(stored: RuleBook) -> Book | None:
    if stored.digest != digest_of(stored):
        return None
    try:
        return _parsed(stored.text)
    except RuleBookError:
        return None


# Reading a long rule book takes longer than judging by it, and it is the same for every wish.
_parsed = lru_cache(maxsize=4)(parse_rule_book)


def _unreadable(stored: RuleBook) -> Finding:
    return Finding(
        UNREADABLE,
        f"Rule book v{stored.number} cannot be read, so nothing is approved. Ask an admin to put "
        "another version in force.",
        Level.BLOCK,
    )
