"""Whose object it is, as far as the object itself tells (istio.md 1)."""

from collections.abc import Mapping
from typing import Any

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "egress-portal"
INSTALLATION_LABEL = "egress-portal.io/installation"


def owner_labels(installation: str) -> dict[str, str]:
    """Return the labels that every object of this portal carries."""
    return {MANAGED_BY_LABEL: MANAGED_BY, INSTALLATION_LABEL: installation}


def is_foreign(live: Mapping[str, Any], wanted: Mapping[str, Any], field_manager: str) -> bool:
    """Tell whether `live` is not simply an earlier copy of `wanted` by the same portal.

    Foreign is what another manager wrote to (writes to `status` and other subresources do not
    count), what no manager is recorded for, and what carries another installation's label: two
    portals use the same field manager, so the API would let one overwrite the other.
    """
    managers = _managers(live)
    return managers != {field_manager} or _installation(live) != _installation(wanted)


def _managers(obj: Mapping[str, Any]) -> set[str]:
    entries = _metadata(obj).get("managedFields")
    return {
        str(entry.get("manager"))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and not entry.get("subresource")
    }


def _installation(obj: Mapping[str, Any]) -> object:
    labels = _metadata(obj).get("labels")
    return labels.get(INSTALLATION_LABEL) if isinstance(labels, dict) else None


def _metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = obj.get("metadata")
    return metadata if isinstance(metadata, dict) else {}
