"""How long access may last."""

from collections.abc import Iterator
from datetime import timedelta

from egress.domain.access import Wish
from egress.domain.policies.context import PolicyContext
from egress.domain.policies.finding import Finding, Level


def duration(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Hold a wish to the limits of the installation."""
    limits = context.limits
    longest = _spoken(limits.max_duration)
    if wish.duration is None:
        if not limits.unlimited_allowed:
            message = f"Access needs an end date. Choose a duration of at most {longest}."
            yield _finding("EndDateRequired", message)
    elif wish.duration <= timedelta(0):
        message = f"A duration is longer than nothing. Choose one of at most {longest}."
        yield _finding("DurationNotPositive", message)
    elif wish.duration > limits.max_duration:
        yield _finding(
            "DurationTooLong",
            f'"{_spoken(wish.duration)}" is longer than this installation allows. Choose at most '
            f"{longest}; access can be renewed before it ends.",
        )


def _finding(reason: str, message: str) -> Finding:
    return Finding(reason, message, Level.BLOCK, "duration")


def _spoken(duration: timedelta) -> str:
    if duration.days >= 1:
        return f"{duration.days} day{'s' if duration.days != 1 else ''}"
    return f"{duration // timedelta(minutes=1)} minutes"
