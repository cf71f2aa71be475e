"""One stored revision of an object."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from egress.sandbox import gojson
from egress.sandbox.kinds import Kind
from egress.sandbox.ownership import Claims, decode

Key = tuple[str, str]


class Record:
    """An object as stored at one resourceVersion. `obj` is never changed after it is stored.

    The encoded forms are made once: a list of a thousand objects joins bytes.
    """

    def __init__(self, kind: Kind, obj: dict[str, Any]) -> None:
        self.kind = kind
        self.obj = obj
        metadata = obj["metadata"]
        self.namespace: str = metadata.get("namespace", "")
        self.name: str = metadata["name"]
        self.version = int(metadata["resourceVersion"])

    @property
    def key(self) -> Key:
        """Return namespace and name."""
        return self.namespace, self.name

    @property
    def uid(self) -> str:
        """Return the object's uid."""
        return str(self.obj["metadata"]["uid"])

    @cached_property
    def encoded(self) -> bytes:
        """Return the object as JSON."""
        return gojson.dumps(self.obj)

    @cached_property
    def as_item(self) -> bytes:
        """Return the object as it stands in a list: built-in kinds leave their kind out there."""
        if self.kind.custom:
            return self.encoded
        bare = {k: v for k, v in self.obj.items() if k not in ("apiVersion", "kind")}
        return gojson.dumps(bare)

    @cached_property
    def claims(self) -> Claims:
        """Return who owns which field."""
        return decode(self.obj["metadata"].get("managedFields") or [])
