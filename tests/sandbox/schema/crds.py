"""The CustomResourceDefinitions of Istio and the Gateway API, from the folder of references."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

Schema = dict[str, Any]
ROOT = Path(__file__).parents[3]


def crd_folder() -> Path:
    """Return the folder named by EGRESS_CRDS; relative to the repository's root."""
    return ROOT / os.environ.get("EGRESS_CRDS", "../shared/istio")


def crd_schemas() -> dict[tuple[str, str], Schema]:
    """Return the schemas by (group, kind). Skips the test without them, but fails it in CI."""
    if not crd_folder().is_dir():
        message = f"the CRDs are not at {crd_folder()}; name their folder in EGRESS_CRDS"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return _read(crd_folder())


@cache
def _read(folder: Path) -> dict[tuple[str, str], Schema]:
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        for crd in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
            if crd:
                spec = crd["spec"]
                schema = spec["versions"][0]["schema"]["openAPIV3Schema"]
                found[spec["group"], spec["names"]["kind"]] = schema
    return found
