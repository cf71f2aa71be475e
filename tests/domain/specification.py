"""The YAML that the specification prints, for comparison with what is rendered."""

import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from egress.domain.naming import BASE_LABEL, CONTENT_HASH_ANNOTATION
from egress.domain.objects import KubeObject

ROOT = Path(__file__).resolve().parents[2]
_OURS = {
    BASE_LABEL,
    CONTENT_HASH_ANNOTATION,
    "app.kubernetes.io/managed-by",
    "egress-portal.io/installation",
    "egress-portal.io/client",
}


@cache
def _sections() -> dict[str, str]:
    path = ROOT / os.environ.get("EGRESS_SPEC", "../shared/design/istio.md")
    if not path.is_file():
        pytest.skip(f"the specification is not at {path}; name its file in EGRESS_SPEC")
    parts = re.split(r"^#{2,3} (\d+(?:\.\d+)?)\.? .*$", path.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def printed(section: str) -> list[KubeObject]:
    """All objects that a section of the specification prints, such as `2.5`, in its order.

    Skips the test when the specification is not there.
    """
    texts = re.findall(r"^```yaml\n(.*?)^```$", _sections()[section], re.MULTILINE | re.DOTALL)
    found = [document for text in texts for document in yaml.safe_load_all(text)]
    assert found, f"section {section} of the specification prints no objects"
    return found


def bare(objects: Iterable[KubeObject]) -> list[KubeObject]:
    """The objects without the marks of the portal, in a fixed order."""
    return sorted((_bare(obj) for obj in objects), key=_order)


def _bare(obj: KubeObject) -> KubeObject:
    metadata: dict[str, Any] = dict(obj["metadata"])
    for name in ("labels", "annotations"):
        kept = {key: value for key, value in metadata.pop(name, {}).items() if key not in _OURS}
        if kept:
            metadata[name] = kept
    return {**obj, "metadata": metadata}


def _order(obj: KubeObject) -> tuple[str, str, str]:
    return obj["metadata"]["namespace"], obj["kind"], obj["metadata"]["name"]
