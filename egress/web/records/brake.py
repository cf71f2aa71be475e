"""What the brake of a cluster holds, as the cluster's page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from egress.models import BrakeRelease, Cluster, HeldRemoval
from egress.models.standing import Standing
from egress.selectors.brake import held_of, latest_releases, may_see_held

_SHOWN = 10


@dataclass(frozen=True)
class BrakePanel:
    """What is held, the first few of it, and how many more; empty for who may not see it."""

    held: Sequence[HeldRemoval] = ()
    releases: Sequence[BrakeRelease] = ()

    @property
    def first(self) -> Sequence[HeldRemoval]:
        """Return those that the page names."""
        return self.held[:_SHOWN]

    @property
    def more(self) -> int:
        """Return how many others are held."""
        return max(0, len(self.held) - _SHOWN)


def brake_panel(cluster: Cluster, standing: Standing) -> BrakePanel:
    """Return what somebody may know of the brake of a cluster."""
    if not may_see_held(standing):
        return BrakePanel()
    return BrakePanel(held_of(cluster).removals, list(latest_releases(cluster)))
