"""What an approver says: a verdict for every destination, and a duration. It only narrows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import EllipsisType

from egress.domain.lifecycle import Verdict
from egress.domain.wording import listed, quoted
from egress.models import Request, RequestDestination
from egress.selectors.bindings import terms_digest
from egress.services.errors import Refused

NAMED = 4
"""Destinations that a sentence names; the rest is a number."""
MOST_CHARACTERS = 300


@dataclass(frozen=True)
class Terms:
    """One approver's word. `duration_days` None grants without an end date."""

    revision: int
    verdicts: Mapping[int, Verdict]
    duration_days: int | None
    note: str

    @property
    def approved(self) -> list[int]:
        """The positions that get access."""
        return [at for at, verdict in sorted(self.verdicts.items()) if verdict is Verdict.APPROVED]

    @property
    def digest(self) -> str:
        """What two approvers must have in common."""
        return terms_digest(
            revision=self.revision, verdicts=self.verdicts, duration_days=self.duration_days
        )


def read_terms(
    request: Request,
    *,
    revision: int,
    verdicts: Mapping[int, Verdict],
    duration_days: int | EllipsisType | None,
    note: str,
) -> Terms:
    """Return an approver's word. Raises Refused when it is incomplete or wider than the wish."""
    positions = [row.position for row in request.destinations.all()]
    read = _verdicts(positions, verdicts)
    days = request.duration_days if isinstance(duration_days, EllipsisType) else duration_days
    terms = Terms(revision, read, days, note)
    if terms.approved:
        _refuse_wider(request.duration_days, days)
    elif not note:
        sentence = "A denial needs a reason. Tell the requester what to do instead."
        raise Refused(sentence, reason="NoteRequired", fields={"note": [sentence]})
    return terms


def _verdicts(positions: list[int], verdicts: Mapping[int, Verdict]) -> dict[int, Verdict]:
    errors: dict[str, list[str]] = {}
    read: dict[int, Verdict] = {}
    for position in positions:
        if position not in verdicts:
            errors[f"verdicts.{position}"] = ["Approve or deny this destination, too."]
    for position, verdict in verdicts.items():
        path = f"verdicts.{position}"
        if isinstance(position, bool) or position not in positions:
            errors[path] = [f"The request has no destination {quoted(position)}. Read it again."]
            continue
        try:
            read[position] = Verdict(verdict)
        except ValueError:
            errors[path] = [f"{quoted(verdict)} is no verdict. Choose {listed([*Verdict])}."]
    if errors:
        first = next(iter(errors.values()))[0]
        raise Refused(first, reason="VerdictsIncomplete", fields=errors)
    return read


def _refuse_wider(asked: int | None, given: object) -> None:
    problem = ""
    if given is None:
        if asked is not None:
            problem = f"The request asks for {asked} days. An approval can only shorten that."
    elif isinstance(given, bool) or not isinstance(given, int) or given < 1:
        problem = f"{quoted(given)} is no duration. Give a number of days, at least 1."
    elif asked is not None and given > asked:
        problem = (
            f"{given} days are more than the {asked} that are asked for. An approval can only "
            "shorten the duration."
        )
    if problem:
        raise Refused(problem, reason="DurationWidened", fields={"duration_days": [problem]})


def said_of(rows: Sequence[RequestDestination], terms: Terms, asked: int | None) -> str:
    """Return an approval in words, without a full stop: what for how long, and what not.

    `asked` is the duration that was asked for, in days.
    """
    approved = [row for row in rows if row.position in terms.approved]
    denied = [row for row in rows if row.position not in terms.approved]
    days = terms.duration_days
    long = "without an end date" if days is None else f"for {_days(days)}"
    if days != asked:
        long += f" instead of {'no end date' if asked is None else asked}"
    refused = f"; denied {_named(denied)}" if denied else ""
    return f"Approved {_named(approved)} {long}{refused}"


def _named(rows: Sequence[RequestDestination]) -> str:
    shown = [f"{row.host}:{row.port}" for row in rows[:NAMED]]
    more = len(rows) - len(shown)
    # A message holds 1000 characters, and a host alone may have 253.
    if sum(map(len, shown)) > MOST_CHARACTERS:
        return f"{len(rows)} destination{'' if len(rows) == 1 else 's'}"
    return listed([*shown, f"{more} more"] if more > 0 else shown)


def _days(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}"
