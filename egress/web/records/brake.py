"""What the brake of a cluster holds, as the cluster's page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from egress.models import BrakeRelease, Cluster, HeldRemoval
from egress.models.standing import Standing
from egress.selectors.brake import latest_releases, may_see_held, removals_of

_SHOWN = 10


@dataclass(frozen=True)
class BrakePanel:
    """How many are held, and the first few of them; empty for who may not see it."""

    count: int = 0
    first: Sequence[HeldRemoval] = ()
    releases: Sequence[BrakeRelease] = ()

    @property
    def more(self) -> int:
        """Return how many others are held."""
        return max(0, self.count - len(self.first))


def brake_panel(cluster: Cluster, standing: Standing) -> BrakePanel:
    """Return what somebody may know of the brake of a cluster."""
    if not may_see_held(standing):
        return BrakePanel()
    held = removals_of(cluster)
    first = list(held[: _SHOWN + 1])
    count = held.count() if len(first) > _SHOWN else len(first)
    return BrakePanel(count, first[:_SHOWN], list(latest_releases(cluster)))
