"""Under which names a cluster knows somebody, for its access reviews."""

from collections.abc import Iterable
from dataclasses import dataclass

RESERVED = "system:"
"""Names of Kubernetes' own begin so: nobody of the portal is ever asked about as one of them."""
LONGEST = 253


@dataclass(frozen=True)
class ReviewSubject:
    """Somebody as a cluster knows them: a user name, and groups in order."""

    user: str
    groups: tuple[str, ...] = ()


def review_subject(
    name: str, teams: Iterable[str], *, prefix: str, team_prefix: str
) -> ReviewSubject | None:
    """Return the subject for a person of this name and these teams, None when there is none.

    Every signed-in user of a cluster is in the group `system:authenticated`; it is left out:
    what everybody may do makes nobody an owner.
    """
    user = f"{prefix}{name}"
    if not name or not _may_be_asked_about(user):
        return None
    groups = sorted({f"{team_prefix}{team}" for team in teams})
    return ReviewSubject(user, tuple(group for group in groups if _may_be_asked_about(group)))


def _may_be_asked_about(name: str) -> bool:
    is_short = 0 < len(name) <= LONGEST + len(RESERVED)
    return is_short and name.isprintable() and not name.lower().startswith(RESERVED)
