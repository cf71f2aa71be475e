"""Whose approval a request needs: its stages, and which of the voices fill them.

A stage is one step of approval. Stages have no order: they are filled side by side, and all have
to be full before anything is granted. A person counts once, whatever stages they could speak in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from egress.domain.policies import Finding, Level
from egress.domain.wording import quoted

APPROVALS_AFTER_REVIEW = 2
"""How many people have to agree where a finding asks for a review."""

ANYBODY = "approval"
"""The name of the stage that any approver in scope fills."""


@dataclass(frozen=True)
class Stage:
    """One step of approval: how many distinct people have to say yes, and who they are.

    `team` names the team whose members they are; empty means any approver in scope.
    """

    name: str
    approvals: int
    team: str = ""

    def __post_init__(self) -> None:
        if self.approvals < 1:
            raise ValueError(f"Stage {quoted(self.name)} needs at least one approval.")


@dataclass(frozen=True)
class Voice:
    """One person's yes. `stages` are the places, in the list of stages, where it could count.

    `authority` is whose right it is: the person's own sign-in name, or that of who lent it. Two
    people who use one right count once.
    """

    person: str
    authority: str
    stages: frozenset[int]


def stages_for(findings: Iterable[Finding], demanded: Sequence[Stage] = ()) -> tuple[Stage, ...]:
    """Return the stages that a request with these findings needs.

    Without more that is one approval, or two where a finding asks for a review. `demanded` are
    stages that rules ask for: they take the place of that one, and never lower it. Where they
    ask for fewer people in all, approvers in scope make up for the rest. Of two with the same
    name and team the one that asks for more counts.
    """
    reviewed = any(finding.level is Level.REVIEW for finding in findings)
    least = APPROVALS_AFTER_REVIEW if reviewed else 1
    wanted: dict[tuple[str, str], Stage] = {}
    for stage in demanded:
        key = (stage.name, stage.team)
        known = wanted.get(key, stage)
        wanted[key] = replace(stage, approvals=max(known.approvals, stage.approvals))
    missing = least - approvals_in(wanted.values())
    if missing > 0:
        opened = wanted.get((ANYBODY, ""))
        more = missing + (opened.approvals if opened else 0)
        wanted[ANYBODY, ""] = Stage(ANYBODY, more)
    return tuple(wanted.values())


def approvals_in(stages: Iterable[Stage]) -> int:
    """Return how many distinct people all stages need together."""
    return sum(stage.approvals for stage in stages)


def filled_by(stages: Sequence[Stage], voices: Sequence[Voice]) -> tuple[tuple[Voice, ...], ...]:
    """Return which voices count for each stage: as many places as possible are filled.

    A right counts once, so does a person, and no stage has more than it needs. Their own word goes
    before that of those to whom they lend, and then voices that come first are preferred.
    """
    places = [number for number, stage in enumerate(stages) for _ in range(stage.approvals)]
    by_right: dict[str, Voice] = {}
    for voice in sorted(voices, key=lambda voice: voice.authority != voice.person):
        by_right.setdefault(voice.authority, voice)
    holders: dict[int, str] = {}
    for right in by_right:
        _seat(right, by_right, places, holders, set())
    found: list[list[Voice]] = [[] for _ in stages]
    order = list(by_right)
    for place, right in sorted(holders.items(), key=lambda held: order.index(held[1])):
        found[places[place]].append(by_right[right])
    return tuple(tuple(heard) for heard in found)


def _seat(
    right: str,
    voices: dict[str, Voice],
    places: Sequence[int],
    holders: dict[int, str],
    tried: set[int],
) -> bool:
    """Find a place for a right, moving others to places of theirs where that helps."""
    for place, stage in enumerate(places):
        if stage not in voices[right].stages or place in tried:
            continue
        tried.add(place)
        held = holders.get(place)
        if held is None or _seat(held, voices, places, holders, tried):
            holders[place] = right
            return True
    return False


def missing_in(stages: Sequence[Stage], filled: Sequence[Sequence[Voice]]) -> tuple[Stage, ...]:
    """Return what is still missing: a stage for each that is not full, with how many people."""
    return tuple(
        replace(stage, approvals=stage.approvals - len(heard))
        for stage, heard in zip(stages, filled, strict=True)
        if len(heard) < stage.approvals
    )
