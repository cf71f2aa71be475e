"""Objects that were typed by hand, so that the last look is tried without the generator."""

import copy
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from egress.domain.manifests.check import check_object
from egress.domain.objects import KubeObject, with_content_hash

OWNERSHIP = {
    "app.kubernetes.io/managed-by": "egress-portal",
    "egress-portal.io/installation": "portal-a",
}


@cache
def _documents() -> dict[str, KubeObject]:
    path = Path(__file__).with_name("written.yaml")
    found: dict[str, KubeObject] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


NAMES = tuple(_documents())


def written(name: str) -> KubeObject:
    """A sound object, with the labels of ownership and its content hash."""
    obj = copy.deepcopy(_documents()[name])
    obj["metadata"]["labels"] = OWNERSHIP | obj["metadata"].get("labels", {})
    return with_content_hash(obj)


def changed(name: str, path: str, value: Any) -> KubeObject:
    """A sound object with one part set, or removed when the value is None, and hashed again.

    `path` has steps between slashes; a step of digits is a place in a list, `~1` is a slash.
    """
    obj = written(name)
    *parents, last = [step_of(step) for step in path.split("/")]
    at: Any = obj
    for step in parents:
        at = at[step]
    if value is None:
        del at[last]
    elif isinstance(at, list) and last == len(at):
        at.append(value)
    else:
        at[last] = value
    return with_content_hash(obj)


def step_of(text: str) -> str | int:
    """A step of a path: a place in a list, or the name of a field."""
    return int(text) if text.isdigit() else text.replace("~1", "/")


def refusal(obj: KubeObject, trust_domains: Collection[str] = ()) -> str:
    """All that the last look has against an object, in one text."""
    return " ".join(check_object(obj, trust_domains))
