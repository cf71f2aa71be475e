"""Valid objects of every kind of the CRDs, which together use every field."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "samples"
PER_PORT = {"loadBalancer", "connectionPool", "outlierDetection", "tls"}


@cache
def samples() -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the objects by (group, kind)."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for obj in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
            name = (obj["apiVersion"].partition("/")[0], obj["kind"])
            found.setdefault(name, []).extend(in_all_places(obj))
    return found


def in_all_places(obj: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield an object, and with its traffic policy for a subset, a port, a port of a subset."""
    yield obj
    policy = obj.get("spec", {}).get("trafficPolicy", {})
    if policy and policy.keys() <= PER_PORT:
        for_port = {"portLevelSettings": [policy]}
        for spec in (
            {"subsets": [{"name": "a", "trafficPolicy": policy}]},
            {"trafficPolicy": for_port},
            {"subsets": [{"name": "a", "trafficPolicy": for_port}]},
        ):
            yield {**obj, "spec": {"host": "a.example", **spec}}
