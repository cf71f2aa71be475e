"""Going back to an older version of the portal: an operator's decision, cluster by cluster."""

from django.db import transaction

from egress.domain.wording import quoted
from egress.models import Cluster
from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.convergence.upgrading import version
from egress.services.errors import Conflict
from egress.services.guards import require_operator


@transaction.atomic
def allow_older_generator(*, cluster: Cluster, actor: Actor) -> Cluster:
    """Let this version of the portal write to a cluster although a newer one did before.

    The newer workers must be stopped first: any of them takes the cluster back with its next
    write. Raises NotAllowed, and Conflict when nothing has to be allowed.
    """
    require_operator(actor, "let an older version of the portal write")
    mine = version()
    before = Cluster.objects.values_list("generator_version", flat=True).get(pk=cluster.pk)
    newer = Cluster.objects.filter(pk=cluster.pk, generator_version__gt=mine)
    if not newer.update(generator_version=mine):
        raise Conflict(
            f"Cluster {quoted(cluster.name)} was last written by version {before}, and this is "
            f"version {mine}: it may write already.",
            reason="NotOlder",
        )
    cluster.generator_version = mine
    audit.record(
        tag=Tag.CLUSTER_OLDER_GENERATOR_ALLOWED,
        actor=actor,
        target="cluster",
        target_id=str(cluster.pk),
        cluster=cluster.name,
        message=f"Version {mine} of the portal may write to cluster {quoted(cluster.name)} after "
        f"version {before}.",
        data={"before": before, "after": mine},
    )
    return cluster
