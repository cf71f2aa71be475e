"""The cycle of a cluster: what it may be, and when there must be one."""

from egress.domain.wording import quoted
from egress.models import Cluster, Grant
from egress.selectors.policy import limits
from egress.services.errors import Conflict
from egress.services.recertification.cycle import announced_for

LONGEST_CYCLE = 3650
"""In days."""


def cycle_problems(days: object) -> dict[str, list[str]]:
    """Return what is wrong with a number of days, by field; 0 stands for no cycle."""
    shortest = announced_for().days + 1
    is_number = isinstance(days, int) and not isinstance(days, bool)
    if is_number and (days == 0 or shortest <= int(str(days)) <= LONGEST_CYCLE):
        return {}
    return {
        "recertify_days": [
            f"{quoted(days)} is no cycle. Give {shortest} to {LONGEST_CYCLE} days, as people have "
            f"{announced_for().days} days to answer, or 0 for none."
        ]
    }


def refuse_without_cycle(cluster: Cluster, days: int) -> None:
    """Raise Conflict where a cluster would have access without an end that nobody looks at again.

    Without a cycle there must be no grant without an end date, and no way to ask for one.
    """
    if days:
        return
    endless = Grant.objects.filter(cluster=cluster, ended_at=None, expires_at=None)
    row = endless.filter(duration_days=None).order_by("pk").first()
    if row is not None:
        raise Conflict(
            f"Grant #{row.pk} of namespace {quoted(row.namespace)} has no end date, so its owners "
            "have to be asked now and then. Keep a cycle, or end such grants first.",
            reason="EndlessGrants",
        )
    if limits().unlimited_allowed:
        raise Conflict(
            "Access without an end date may be asked for here, so there has to be a cycle.",
            reason="EndlessGrants",
        )
