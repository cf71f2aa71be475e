"""What has no safe objects: the generator refuses it, whatever was approved."""

from egress.domain.refusals.sorting import sort_out
from egress.domain.refusals.wholes import CannotRender, check_cluster, namespace_refusal

__all__ = ["CannotRender", "check_cluster", "namespace_refusal", "sort_out"]
