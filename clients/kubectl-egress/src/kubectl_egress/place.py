"""Which cluster and namespace a command is about: options before the kubeconfig's context."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kubectl_egress import kubeconfig
from kubectl_egress.errors import Exit, Failure, usage
from kubectl_egress.settings import config_path


@dataclass(frozen=True)
class TypedPlace:
    """What was typed about the place."""

    namespace: str = ""
    cluster: str = ""
    context: str = ""
    kubeconfig: str = ""


@dataclass(frozen=True)
class Place:
    """Cluster and namespace as the portal calls them.

    `context` is the one that the cluster was concluded from, empty where it was typed.
    """

    cluster: str
    namespace: str
    context: str = ""

    def explained(self, failure: Failure) -> Failure:
        """Return a failure with a word on how the cluster was found, where that may be the cause.

        A context that the portal calls otherwise must not look like missing access.
        """
        is_about_it = failure.exit_code is Exit.MISSING or any(
            line.startswith("cluster:") for line in failure.details
        )
        if not (self.context and is_about_it):
            return failure
        hint = (
            f'"{self.cluster}" is what the context "{self.context}" stands for. Name another'
            f' cluster with --cluster, or in "{config_path()}" under clusters.'
        )
        return Failure(failure.message, failure.exit_code, (*failure.details, hint), failure.reason)


def find(typed: TypedPlace, clusters: Mapping[str, str], *, whole: bool = False) -> Place:
    """Return the place. `clusters` maps contexts to the portal's clusters; others keep their name.

    With `whole` neither has to be known: then they are empty. Raises Failure when they are, and
    for a context that does not exist.
    """
    context = kubeconfig.Context()
    if not (typed.cluster and typed.namespace) or typed.context:
        files = [Path(typed.kubeconfig)] if typed.kubeconfig else None
        context = kubeconfig.current(typed.context, files)
    cluster = typed.cluster or clusters.get(context.name, context.name)
    namespace = typed.namespace or context.namespace
    if not whole:
        for value, name in ((cluster, "--cluster"), (namespace, "-n")):
            if not value:
                raise usage(f"No kubeconfig names a context, so write {name}.")
    return Place(cluster, namespace, "" if typed.cluster else context.name)
