"""What the page of a rule book shows: lines with what is wrong, the difference, the replay."""

from dataclasses import dataclass
from difflib import unified_diff

from django.utils import timezone

from egress.domain.rule_book import Problem, RuleBookError, parse_rule_book
from egress.models import RuleBook
from egress.selectors.replay import Replay, replay


@dataclass(frozen=True)
class Line:
    """One line of a text, and what is wrong in it."""

    number: int
    text: str
    problems: tuple[str, ...] = ()


def lines_of(text: str, problems: tuple[Problem, ...]) -> list[Line]:
    """Return the lines of a text, each with its problems; those past the end stand at the last."""
    written = text.splitlines() or [""]
    said: dict[int, list[str]] = {}
    for problem in problems:
        path = f"{problem.path}: " if problem.path else ""
        said.setdefault(min(problem.line, len(written)), []).append(f"{path}{problem.message}")
    return [
        Line(number, line, tuple(said.get(number, ())))
        for number, line in enumerate(written, start=1)
    ]


def difference(book: RuleBook, in_force: RuleBook | None) -> str:
    """Return a unified diff from the version in force to this one, empty when they are equal."""
    if in_force is not None and in_force.pk == book.pk:
        return ""
    before = in_force.text.splitlines() if in_force else []
    return "\n".join(
        unified_diff(
            before,
            book.text.splitlines(),
            f"v{in_force.number}, in force" if in_force else "no rule book",
            f"v{book.number}",
            lineterm="",
        )
    )


def replay_of(book: RuleBook) -> Replay | None:
    """Return what a version would have decided lately, None while its text is wrong."""
    try:
        return replay(parse_rule_book(book.text), now=timezone.now())
    except RuleBookError:
        return None
