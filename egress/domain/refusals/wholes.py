"""Refusals of whole clusters and namespaces, and the word for every refusal."""

from collections.abc import Sequence

from egress.domain.access import Access, ClusterProfile, Inventory
from egress.domain.naming import is_dns_label, is_label_value
from egress.domain.refusals.layout import cluster_problems
from egress.domain.wording import quoted


class CannotRender(Exception):  # noqa: N818 - reads as what happened, like the word in the UI
    """A grant, or a decision on a namespace, that there are no safe objects for.

    `reason` is a CamelCase constant, `message` a sentence with a next step; `accesses` are the
    grants that it holds back, empty when it is about a namespace.
    """

    def __init__(self, reason: str, message: str, accesses: Sequence[Access] = ()) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.accesses = tuple(accesses)


def check_cluster(cluster: ClusterProfile) -> None:
    """Raise CannotRender when nothing may be rendered for `cluster`."""
    if not is_label_value(cluster.installation):
        raise CannotRender(
            "InstallationNotALabel",
            f"The installation id {quoted(cluster.installation)} cannot be a label. Use at most 63 "
            "letters, digits, dots, hyphens and underscores, beginning and ending with a letter "
            "or digit.",
        )
    if problem := next(cluster_problems(cluster), None):
        raise CannotRender("ClusterLayoutUnsafe", problem)


def namespace_refusal(
    namespace: str, cluster: ClusterProfile, inventory: Inventory
) -> CannotRender | None:
    """Return why no object may be about `namespace`, or None."""
    if not is_dns_label(namespace):
        return CannotRender(
            "NamespaceMalformed", f"{quoted(namespace)} is no namespace name. Check its spelling."
        )
    if namespace in cluster.protected_namespaces:
        return CannotRender(
            "NamespaceProtected",
            f"Namespace {quoted(namespace)} belongs to the cluster itself. Choose a namespace of "
            "an application.",
        )
    return None
