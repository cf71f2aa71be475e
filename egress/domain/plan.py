"""Desired objects against live ones: what to create, update, delete, and what to leave alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from egress.domain.difference import diff, differs, extra_fields
from egress.domain.fingerprint import fingerprint
from egress.domain.managed_fields import Path, is_written_by_us_alone, spec_managers, we_own
from egress.domain.naming import (
    INSTALLATION_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
)
from egress.domain.objects import KubeObject, ObjectKey, key_of
from egress.domain.wording import listed, quoted

__all__ = ["Action", "ObjectKey", "OwnedRecord", "Plan", "PlanItem", "diff", "key_of", "plan"]


class Action(StrEnum):
    """What a plan wants of one object."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNCHANGED = "unchanged"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class OwnedRecord:
    """What the database knows of an object we wrote.

    `uid` is empty until the result of the first write was recorded. `intent_hash` is the content
    hash of a write that was announced and whose result is not recorded, else empty.
    """

    uid: str = ""
    intent_hash: str = ""


@dataclass(frozen=True)
class PlanItem:
    """One object of a plan.

    `note` says in a sentence why the object is foreign. `replace` says that others added a field
    which changes who reaches what, and that only deleting the object and creating it again
    removes it: an apply leaves fields of other managers in place.
    """

    key: ObjectKey
    action: Action
    desired: KubeObject | None = None
    live: KubeObject | None = None
    note: str = ""
    replace: bool = False

    @property
    def uid(self) -> str:
        """Return the uid of the live object, empty when there is none."""
        return str(self.live["metadata"].get("uid", "")) if self.live else ""

    @property
    def diff(self) -> str:
        """Return the unified diff that this item would bring about, for people."""
        return "" if self.action is Action.FOREIGN else diff(self.live, self.desired)


@dataclass(frozen=True)
class Plan:
    """All objects of a slice, sorted by key, each with what is to be done.

    `gone` are keys we have on record that are neither wanted nor there any more.
    """

    items: tuple[PlanItem, ...]
    gone: tuple[ObjectKey, ...] = ()

    def of(self, action: Action) -> list[PlanItem]:
        """Return the items with this action."""
        return [item for item in self.items if item.action is action]

    def summary(self) -> str:
        """Return what the plan does, as one sentence."""
        done = [
            (verb, len(self.of(action)))
            for action, verb in (
                (Action.CREATE, "creates"),
                (Action.UPDATE, "updates"),
                (Action.DELETE, "deletes"),
                (Action.UNCHANGED, "keeps"),
            )
            if self.of(action)
        ]
        # "creates 2 objects, deletes 1 and keeps 1": the first number says what is counted.
        said = [f"{verb} {count}" for verb, count in done]
        if done:
            said[0] += f" object{'s' if done[0][1] != 1 else ''}"
        text = listed(said) if said else "has nothing to do"
        foreign = len(self.of(Action.FOREIGN))
        if foreign:
            text += f"; {foreign} foreign object{'s' if foreign > 1 else ''} left alone"
        return f"The plan {text}."


def plan(
    desired: Iterable[KubeObject],
    live: Iterable[KubeObject],
    owned: Mapping[ObjectKey, OwnedRecord],
    *,
    installation: str,
) -> Plan:
    """Return what has to be done so that the cluster carries exactly `desired` of ours.

    `live` may hold more than ours, for example whole lists. An object is ours when its uid is on
    record, or when it carries our labels and exactly the content of an announced write
    (istio.md 1). Anything else is foreign: planned around, never changed.
    """
    wanted = {key_of(obj): obj for obj in desired}
    found = {key_of(obj): obj for obj in live}
    items = [
        _wanted_item(key, obj, found.get(key), owned, installation) for key, obj in wanted.items()
    ]
    items += [
        item
        for key, obj in found.items()
        if key not in wanted and (item := _unwanted_item(key, obj, owned, installation))
    ]
    gone = sorted(key for key in owned if key not in wanted and key not in found)
    return Plan(tuple(sorted(items, key=lambda item: item.key)), tuple(gone))


def _wanted_item(
    key: ObjectKey,
    desired: KubeObject,
    live: KubeObject | None,
    owned: Mapping[ObjectKey, OwnedRecord],
    installation: str,
) -> PlanItem:
    if live is None:
        return PlanItem(key, Action.CREATE, desired)
    if not _is_ours(live, owned.get(key), installation):
        return PlanItem(key, Action.FOREIGN, desired, live, _why_foreign(live, owned.get(key)))
    extra = extra_fields(desired, live)
    ours = [path for path in extra if we_own(live, path)]
    others = [path for path in extra if path not in ours]
    replace = any(_decides_access(key.kind, path) for path in others)
    changed = replace or bool(ours) or differs(desired, live)
    action = Action.UPDATE if changed else Action.UNCHANGED
    return PlanItem(key, action, desired, live, "", replace)


def _unwanted_item(
    key: ObjectKey,
    live: KubeObject,
    owned: Mapping[ObjectKey, OwnedRecord],
    installation: str,
) -> PlanItem | None:
    record = owned.get(key)
    if _is_ours(live, record, installation):
        return PlanItem(key, Action.DELETE, None, live)
    if record or _has_our_labels(live, installation):
        return PlanItem(key, Action.FOREIGN, None, live, _why_foreign(live, record))
    return None


def _is_ours(live: KubeObject, record: OwnedRecord | None, installation: str) -> bool:
    if record is None:
        return False
    if record.uid and record.uid == live["metadata"].get("uid"):
        return True
    return (
        bool(record.intent_hash)
        and _has_our_labels(live, installation)
        and fingerprint(live) == record.intent_hash
        and is_written_by_us_alone(live)
    )


def _has_our_labels(live: KubeObject, installation: str) -> bool:
    labels = live["metadata"].get("labels") or {}
    is_managed = labels.get(MANAGED_BY_LABEL) == MANAGED_BY
    return is_managed and labels.get(INSTALLATION_LABEL) == installation


def _why_foreign(live: KubeObject, record: OwnedRecord | None) -> str:
    name = quoted(live["metadata"]["name"])
    managers = ", ".join(manager for manager in spec_managers(live) if manager)
    by = f" Its fields belong to {managers}." if managers else ""
    if record and record.uid:
        return (
            f"{name} was deleted and made again by somebody else.{by} Delete it, or ask for its "
            "adoption."
        )
    return (
        f"{name} was not written by this portal.{by} Rename or delete it, or ask for its adoption."
    )


_DECIDE_ALL = frozenset(
    {
        "ServiceEntry",
        "Gateway",
        "VirtualService",
        "AuthorizationPolicy",
        "Service",
        "EndpointSlice",
        "NetworkPolicy",
    }
)
_DECIDE: Mapping[str, tuple[Path, ...]] = {
    "DestinationRule": (
        ("spec", "workloadSelector"),
        ("spec", "subsets"),
        ("spec", "trafficPolicy", "portLevelSettings"),
        ("spec", "trafficPolicy", "tls"),
        ("spec", "trafficPolicy", "tunnel"),
        ("spec", "trafficPolicy", "proxyProtocol"),
    ),
    "Sidecar": (("spec", "workloadSelector"), ("spec", "outboundTrafficPolicy", "egressProxy")),
}


def _decides_access(kind: str, path: Path) -> bool:
    """Tell whether a field that somebody else added changes who reaches what, and how.

    Any field does where an object is nothing but a decision. A selector takes pods out of a
    DestinationRule or Sidecar, and some fields say where bytes go or whether they are encrypted;
    what else others add there (timeouts, pools, hosts) is theirs.
    """
    if kind in _DECIDE_ALL:
        return True
    return any(path[: len(field)] == field for field in _DECIDE.get(kind, ()))
