"""Who owns which field: `managedFields`, server-side apply and update-style writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from egress.sandbox import fieldset
from egress.sandbox.errors import field_conflicts
from egress.sandbox.fieldset import UNOWNED, FieldSet
from egress.sandbox.merge import Difference, compare, fields_of, merge, remove, with_named_parents
from egress.sandbox.schema import Cause
from egress.sandbox.schema.node import Node

APPLY = "Apply"
UPDATE = "Update"
MOST_UPDATERS = 10
ANCIENT = "ancient-changes"


@dataclass(frozen=True, order=True)
class Manager:
    """Who writes: an applier is one manager whatever the version, an updater one per version."""

    name: str
    operation: str
    version: str = ""
    subresource: str = ""


@dataclass(frozen=True)
class Claim:
    """The fields of one manager. `time` is RFC 3339 or None when it never changed a value."""

    fields: FieldSet
    version: str
    time: str | None


Claims = dict[Manager, Claim]


def manager_of(name: str, operation: str, version: str, subresource: str = "") -> Manager:
    """Return the identity under which fields are kept for this kind of write."""
    return Manager(name, operation, "" if operation == APPLY else version, subresource)


def decode(managed_fields: Iterable[Mapping[str, Any]]) -> Claims:
    """Read `metadata.managedFields`.

    Raises ValueError when an entry cannot be read.
    """
    claims: Claims = {}
    for entry in managed_fields:
        operation, version = entry.get("operation", ""), entry.get("apiVersion", "")
        if operation not in (APPLY, UPDATE) or not version:
            raise ValueError("An entry of managedFields has no operation or no apiVersion.")
        manager = manager_of(
            entry.get("manager", ""), operation, version, entry.get("subresource", "")
        )
        fields = fieldset.parse(entry.get("fieldsV1") or {})
        if manager in claims:
            fields |= claims[manager].fields
        claims[manager] = Claim(fields, version, entry.get("time"))
    return claims


def encode(claims: Claims) -> list[dict[str, Any]]:
    """Write claims as `metadata.managedFields`, in the server's order."""

    def order(pair: tuple[Manager, Claim]) -> tuple[str, str, str, str, str]:
        manager, claim = pair
        return (
            manager.operation,
            claim.time or "",
            manager.name,
            claim.version,
            manager.subresource,
        )

    entries = []
    for manager, claim in sorted(claims.items(), key=order):
        entry: dict[str, Any] = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": claim.version,
        }
        if claim.time:
            entry["time"] = claim.time
        entry["fieldsType"] = "FieldsV1"
        entry["fieldsV1"] = fieldset.render(claim.fields)
        if manager.subresource:
            entry["subresource"] = manager.subresource
        entries.append(entry)
    return entries


def applied(
    node: Node,
    live: dict[str, Any],
    config: dict[str, Any],
    claims: Claims,
    manager: Manager,
    *,
    version: str,
    force: bool,
    now: str,
) -> tuple[dict[str, Any], Claims]:
    """Return the object and the claims after an apply.

    `live` is the object as it is (its apiVersion and kind alone when there is none), `config`
    what the manager wants; neither has `managedFields`. Raises StatusError (409) when others own
    fields that would change and `force` is not given.
    """
    merged = merge(node, live, config)
    last = claims.get(manager)
    wanted = fields_of(node, config) - UNOWNED
    after = dict(claims)
    after[manager] = Claim(wanted, version, last.time if last else None)
    if last is not None:
        kept = _without_dropped(node, merged, last.fields, after)
        # A map that lost its last entry is gone now; an applier who says it is empty keeps it.
        merged = merged if kept is merged else merge(node, kept, config)
    after = _yielded(after, compare(node, live, merged), manager, force=force)
    if merged == live:
        return live, _swept(after)
    if manager in after:
        after[manager] = replace(after[manager], time=now)
    return merged, _swept(after)


def _without_dropped(
    node: Node, merged: dict[str, Any], last: FieldSet, claims: Claims
) -> dict[str, Any]:
    """Remove what the manager applied before, no longer applies, and nobody else owns."""
    # Nobody's claim has the identity of the object, and it must not go with the last label.
    owned: set[fieldset.Path] = set(UNOWNED)
    for claim in claims.values():
        owned |= claim.fields
    if last <= owned:
        return merged
    present = with_named_parents(node, fields_of(node, merged))
    gone = with_named_parents(node, last) & present
    gone -= with_named_parents(node, owned)
    if not gone:
        return merged
    return remove(node, merged, fieldset.tree(gone)) or {}


def _yielded(claims: Claims, difference: Difference, writer: Manager, *, force: bool) -> Claims:
    """Take changed and removed fields from the other managers, or refuse to."""
    changed = (difference.added | difference.modified) - UNOWNED
    if not force:
        causes = [
            Cause("FieldManagerConflict", f"conflict with {_shown(manager, claim)}", text)
            for manager, claim in sorted(claims.items())
            if manager != writer
            for text in sorted(fieldset.text(path) for path in claim.fields & changed)
        ]
        if causes:
            raise field_conflicts(causes)
    lost = changed | difference.removed
    if not lost:
        return claims
    return {
        manager: claim
        if manager == writer or claim.fields.isdisjoint(lost)
        else replace(claim, fields=claim.fields - lost)
        for manager, claim in claims.items()
    }


def _shown(manager: Manager, claim: Claim) -> str:
    shown = f'"{manager.name}"'
    if manager.subresource:
        shown += f' with subresource "{manager.subresource}"'
    return f"{shown} using {claim.version}" if manager.operation == UPDATE else shown


def _swept(claims: Claims) -> Claims:
    return {manager: claim for manager, claim in claims.items() if claim.fields}


def updated(
    node: Node,
    live: dict[str, Any],
    new: dict[str, Any],
    claims: Claims,
    manager: Manager,
    *,
    version: str,
    now: str,
) -> Claims:
    """Return the claims after a create, update or patch: the writer owns what it changed."""
    difference = compare(node, live, new)
    taken = (difference.added | difference.modified) - UNOWNED
    # Nobody is the writer here: a manager's older claim loses what the write removed as well.
    after = _yielded(claims, difference, Manager("", ""), force=True)
    if taken:
        before = after[manager].fields if manager in after else fieldset.EMPTY
        after = {**after, manager: Claim(before | taken, version, now)}
    return _capped(_swept(after))


def _capped(claims: Claims) -> Claims:
    """Fold the oldest updaters into one when there are more than the server keeps apart."""
    updaters = [manager for manager in claims if manager.operation == UPDATE]
    surplus = len(updaters) - MOST_UPDATERS
    if surplus <= 0:
        return claims
    updaters.sort(key=lambda manager: (claims[manager].time or "", manager))
    after = dict(claims)
    folded: dict[Manager, Claim] = {}
    for manager in updaters[: surplus + 1]:
        claim = after.pop(manager)
        ancient = Manager(ANCIENT, UPDATE, manager.version, manager.subresource)
        before = folded.get(ancient)
        fields = claim.fields | before.fields if before else claim.fields
        folded[ancient] = Claim(fields, claim.version, claim.time)
    return {**after, **folded}
