"""The objects of one kind: in order, and found by their labels."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable

from egress.sandbox.records import Key, Record
from egress.sandbox.selectors import Requirement


class Shelf:
    """The objects of one kind, with their keys in the order in which lists show them."""

    def __init__(self) -> None:
        self.records: dict[Key, Record] = {}
        self.order: list[str] = []
        self.version = 0
        self._labelled: dict[tuple[str, str], set[str]] = {}

    def put(self, record: Record) -> None:
        """Add or replace an object."""
        text = sort_key(record.key)
        before = self.records.get(record.key)
        if before is None:
            insort(self.order, text)
        else:
            self._forget_labels(before, text)
        for label in _labels_of(record):
            self._labelled.setdefault(label, set()).add(text)
        self.records[record.key] = record
        self.version = record.version

    def drop(self, key: Key, version: int) -> None:
        """Remove an object, as the change that made this version."""
        self.version = version
        text = sort_key(key)
        self._forget_labels(self.records.pop(key), text)
        del self.order[bisect_left(self.order, text)]

    def keys(self, namespace: str, behind: str = "") -> list[str]:
        """Return the keys of one namespace, or of all when none is named, behind one of them."""
        start, end = 0, len(self.order)
        if namespace:
            # "0" is the character behind "/": the keys of a namespace stand between the two.
            start = bisect_left(self.order, f"{namespace}/")
            end = bisect_left(self.order, f"{namespace}0", start)
        if behind:
            start = bisect_right(self.order, behind, start, end)
        return self.order[start:end]

    def selected(self, keys: list[str], labels: Iterable[Requirement]) -> list[str]:
        """Return those of `keys` that meet the requirements for certain values of labels.

        What else is required of labels is not looked at.
        """
        for one in labels:
            if one.operator in ("in", "notin"):
                found = (self._labelled.get((one.key, value), set()) for value in one.values)
                having, wanted = set().union(*found), one.operator == "in"
                keys = [key for key in keys if (key in having) is wanted]
        return keys

    def _forget_labels(self, record: Record, text: str) -> None:
        for label in _labels_of(record):
            known = self._labelled[label]
            known.discard(text)
            if not known:
                del self._labelled[label]


def sort_key(key: Key) -> str:
    """Return a key as lists are ordered."""
    return f"{key[0]}/{key[1]}"


def _labels_of(record: Record) -> Iterable[tuple[str, str]]:
    return (record.obj["metadata"].get("labels") or {}).items()
