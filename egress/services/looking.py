"""Answers from outside for work that must not wait for one: they are fetched before it begins.

Nobody holds a lock while a cluster or an identity provider answers. Work that is one transaction
with more than the service that looks is rolled back where an answer is needed, and begins anew
with that answer.
"""

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Any, TypeVar

TRIES = 6
Result = TypeVar("Result")
_made: ContextVar[dict[Hashable, Any] | None] = ContextVar("egress_looks", default=None)


class LookNeededError(Exception):
    """Work in a transaction needs an answer that was not fetched before: `read` fetches it."""

    def __init__(self, key: Hashable, read: Callable[[], object]) -> None:
        super().__init__(f"Nobody looked before: {key!r}.")
        self.key = key
        self.read = read


def looked(key: Hashable, read: Callable[[], Result]) -> Result:
    """Return what `read` returns, by which somebody outside is asked; `key` names the question.

    Call it outside of transactions. Raises LookNeededError within `begin_anew_after_looking`.
    """
    made = _made.get()
    if made is None:
        return read()
    if key not in made:
        raise LookNeededError(key, read)
    answer: Result = made[key]
    return answer


def begin_anew_after_looking(work: Callable[[], Result]) -> Result:
    """Return what `work` returns, with every look made before it began."""
    made: dict[Hashable, Any] = {}
    token = _made.set(made)
    try:
        for _ in range(TRIES):
            try:
                return work()
            except LookNeededError as needed:
                made[needed.key] = needed.read()
        return work()
    finally:
        _made.reset(token)
