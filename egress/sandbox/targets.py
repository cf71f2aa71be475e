"""Which object a write is about, who writes, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from egress.sandbox.kinds import Kind
from egress.sandbox.ledger import Author
from egress.sandbox.options import WriteOptions
from egress.sandbox.schema import Node, schema_of

Object = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """Which object a request is about. `subresource` is empty or `status`."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def node(self) -> Node:
        """Return the schema of the kind."""
        return schema_of(self.kind.group, self.kind.kind)


@dataclass(frozen=True)
class Writer:
    """Who writes: `user` for the ledger, `agent` as manager when the options name none."""

    user: str
    agent: str = "unknown"
    verb: str = ""

    def author(self, options: WriteOptions) -> Author:
        """Return the author for the ledger."""
        return Author(self.user, options.manager or self.agent, self.verb)


@dataclass(frozen=True)
class Outcome:
    """What a write gave: the object as the caller sees it and whether it is new."""

    obj: Object
    created: bool = False
    warnings: list[str] = field(default_factory=list)
