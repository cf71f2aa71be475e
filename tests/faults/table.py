"""The table of promises: what was asked, what was injected, and what was violated."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.progress import Progress
from tests.faults.suite import Suite

HEADINGS = ("promise", "suite", "asked", "injected", "violated", "seconds", "worst figures")
SHOWN_VIOLATIONS = 5


@dataclass(frozen=True)
class Row:
    """One suite in the table."""

    suite: Suite
    injected: int
    violated: int
    seconds: float
    figures: dict[str, float]
    absent: str = ""

    @property
    def fell_short(self) -> bool:
        """Tell whether fewer faults were injected than the promise asks for."""
        return self.injected < self.suite.target

    def cells(self) -> tuple[str, ...]:
        """Return the row as text."""
        shown = "  ".join(f"{name} {value:g}" for name, value in sorted(self.figures.items()))
        return (
            ",".join(self.suite.promises),
            f"{self.suite.name}: {self.suite.title}",
            str(self.suite.target),
            f"absent: {self.absent}" if self.absent else str(self.injected),
            str(self.violated),
            f"{self.seconds:.0f}",
            shown,
        )


def row_of(suite: Suite, progress: Progress, absent: str = "") -> Row:
    """Sum up what is known of a suite; a figure is the worst of all its cases."""
    figures: dict[str, float] = {}
    rows = progress.of(suite.name)
    for one in rows:
        for name, value in one.outcome.figures.items():
            figures[name] = max(value, figures.get(name, value))
    return Row(
        suite,
        sum(one.outcome.injected for one in rows),
        sum(bool(one.outcome.violations) for one in rows),
        sum(one.seconds for one in rows),
        {name: round(value, 3) for name, value in figures.items()},
        absent,
    )


def print_table(rows: Sequence[Row], progress: Progress) -> None:
    """Print all rows, then the violations with the commands that repeat them."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    print()
    for line in lines:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )
    print(f"seed {progress.seed}, commit {progress.commit}")
    for row in rows:
        bad = [one for one in progress.of(row.suite.name) if one.outcome.violations]
        for one in bad[:SHOWN_VIOLATIONS]:
            print(f"\n{one.suite} {one.case}: {one.outcome.violations[0]}")
            print(
                "  To repeat: python -m tests.faults --again "
                f"--suite {one.suite} --case '{one.case}' --seed {one.seed}"
            )
        if len(bad) > SHOWN_VIOLATIONS:
            print(f"\n{row.suite.name}: {len(bad) - SHOWN_VIOLATIONS} more cases were violated.")
