"""Faults by rule: which requests they meet, how often, and how another process sets them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from egress.sandbox.errors import StatusError, bad_request
from egress.sandbox.faults import ACTS, ANSWER, Fault, refusal
from egress.sandbox.kinds import kind_at
from egress.sandbox.messages import Request
from egress.sandbox.reading import first
from egress.sandbox.routes import parse
from egress.sandbox.store import Store

VERBS = ("create", "update", "delete", "get", "list", "watch")


@dataclass(frozen=True)
class Sort:
    """What a request is about. An apply counts as `create` where the object is not there yet."""

    verb: str
    kind: str
    namespace: str
    name: str
    dry_run: bool


@dataclass(frozen=True)
class Match:
    """Which requests a rule meets; what is empty fits all.

    `nth` is the first of the matching requests that is met, counted from 1, and `times` how many
    from there on: 0 means all. `dry_run` None fits trials as well as writes.
    """

    verb: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    dry_run: bool | None = False
    nth: int = 1
    times: int = 1

    def fits(self, sort: Sort) -> bool:
        """Tell whether a request is one that the rule is about."""
        is_read = sort.verb in ("get", "list", "watch")
        return (
            self.verb in ("", sort.verb)
            and self.kind in ("", sort.kind)
            and self.namespace in ("", sort.namespace)
            and self.name in ("", sort.name)
            and (self.dry_run is None or is_read or self.dry_run == sort.dry_run)
        )


@dataclass
class Rule:
    """A fault and the requests it meets. `seen` counts those that match, `hits` those met."""

    match: Match
    fault: Fault
    seen: int = 0
    hits: int = 0

    def meets(self, sort: Sort) -> bool:
        """Count a request, and tell whether the fault is for it."""
        if not self.match.fits(sort):
            return False
        self.seen += 1
        end = self.match.nth + self.match.times
        is_met = self.seen >= self.match.nth and (not self.match.times or self.seen < end)
        self.hits += is_met
        return is_met


@dataclass
class RulePlan:
    """Faults by rule for a server over `store`; the first rule that meets a request decides.

    `seen` lists what every request on objects was about, in order.
    """

    store: Store
    rules: list[Rule] = field(default_factory=list)
    seen: list[Sort] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Fault | None:
        """Return the fault for a request, or None."""
        sort = sort_of(request, self.store)
        if sort is None:
            return None
        with self._guard:
            self.seen.append(sort)
            met = [rule for rule in self.rules if rule.meets(sort)]
        return met[0].fault if met else None

    def set(self, *rules: Rule) -> None:
        """Have these rules only, from now on, and forget what was seen."""
        with self._guard:
            self.rules, self.seen = list(rules), []

    def as_json(self) -> dict[str, Any]:
        """Return what was met so far, as it is answered at `/sandbox/faults`."""
        with self._guard:
            found = [{"seen": rule.seen, "hits": rule.hits} for rule in self.rules]
            return {"requests": len(self.seen), "rules": found}


def sort_of(request: Request, store: Store) -> Sort | None:
    """Return what a request is about, None when it is not about objects."""
    route = parse(request.path)
    if route is None or not route.plural:
        return None
    kind = kind_at(route.group, route.version, route.plural)
    if kind is None:
        return None
    query = request.parameters()
    verb = route.verb(request.method, watches=first(query, "watch") in ("1", "true"))
    if verb == "patch":
        is_there = store.get(kind, route.namespace, route.name) is not None
        verb = "update" if is_there else "create"
    # A deletion carries its options in the body.
    dry_run = first(query, "dryRun") == "All" or (verb == "delete" and b'"dryRun"' in request.body)
    return Sort(verb, kind.kind, route.namespace, route.name, dry_run)


def read_rules(document: object) -> list[Rule]:
    """Return the rules of a JSON document `{"rules": [{"match": {...}, "fault": {...}}]}`.

    A fault is `act`, `delay`, `pace` and `behind`, or `status` with `reason`, `message` and
    `retryAfter`. Raises StatusError (400) for anything else.
    """
    listed = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise bad_request("the body has no list of rules")
    return [_read_rule(one) for one in listed]


def _read_rule(one: object) -> Rule:
    if not isinstance(one, dict) or set(one) - {"match", "fault"}:
        raise bad_request("a rule has a match and a fault, and nothing else")
    try:
        return Rule(_read_match(one.get("match") or {}), _read_fault(one.get("fault") or {}))
    except (TypeError, ValueError, AttributeError) as error:
        raise bad_request(f"a rule cannot be read: {error}") from error


def _read_match(given: Mapping[str, Any]) -> Match:
    known = {each.name for each in fields(Match)}
    unknown = sorted(set(given) - known)
    if unknown or given.get("verb", "") not in ("", *VERBS):
        raise _unknown(unknown or [str(given.get("verb"))])
    for name in ("nth", "times"):
        if not isinstance(given.get(name, 0), int) or given.get(name, 0) < 0:
            raise bad_request(f'"{name}" of a match is a number, not negative')
    return Match(**given)


def _read_fault(given: Mapping[str, Any]) -> Fault:
    known = {"act", "delay", "pace", "behind", "status", "reason", "message", "retryAfter"}
    if unknown := sorted(set(given) - known):
        raise _unknown(unknown)
    if status := given.get("status"):
        return refusal(
            int(status),
            str(given.get("reason", "")),
            str(given.get("message", "")),
            retry_after=given.get("retryAfter"),
        )
    act = str(given.get("act", ""))
    if act not in ACTS or act == ANSWER:
        raise _unknown([act])
    return Fault(
        act,
        delay=float(given.get("delay", 0.0)),
        pace=float(given.get("pace", 1.0)),
        behind=int(given.get("behind", 1)),
    )


def _unknown(words: list[str]) -> StatusError:
    return bad_request(f'a rule does not know "{words[0]}"')
