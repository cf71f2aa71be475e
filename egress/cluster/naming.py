"""Which object a deed is about, and how messages name it."""

from egress.cluster import kinds
from egress.cluster.answers import Deed
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import Kind, KubeObject


def key_of(obj: KubeObject) -> tuple[Kind, str, str]:
    """Return kind, namespace and name of an object. Raises ClusterError(INVALID)."""
    try:
        metadata = obj["metadata"]
        return kinds.kind_of(obj), str(metadata.get("namespace", "")), str(metadata["name"])
    except (LookupError, TypeError, AttributeError):
        kind = obj.get("kind") if isinstance(obj, dict) else None
        raise ClusterError(
            f'An object of kind "{kind}" cannot be written: the portal does not handle it, or '
            "it has no name.",
            Fault.INVALID,
        ) from None


def words(kind: Kind, namespace: str, name: str) -> str:
    """Return how messages name an object."""
    place = f"{namespace}/{name}" if kind.namespaced else name
    return f'{kind.kind} "{place[:320]}"'


def reading(deed: Deed) -> Deed:
    """Return a part of a deed that only reads, under the same deadline."""
    return Deed(deed.words, writes=False, until=deed.until)


def require_uid(uid: str, deed: Deed) -> None:
    """Raise ClusterError(INVALID) when it is not known which object is meant."""
    if not uid:
        raise ClusterError(
            f"Could not {deed.words}: its uid is not known. Read the object first.", Fault.INVALID
        )


def in_the_way(deed: Deed) -> ClusterError:
    """Return the error for a name that is taken by an object of somebody else."""
    return ClusterError(
        f"Could not {deed.words}: an object of somebody else has this name. "
        "Ask its owner to remove it, or adopt it.",
        Fault.CONFLICT,
        status=409,
    )
