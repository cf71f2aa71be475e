"""One object as the checks see it, and what they ask of every kind."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from egress.domain.naming import CONTENT_HASH_ANNOTATION, INSTALLATION_LABEL, MANAGED_BY_LABEL
from egress.domain.wording import quoted

_OWNERSHIP = {MANAGED_BY_LABEL, INSTALLATION_LABEL}


@dataclass(frozen=True)
class Look:
    """An object that is looked at. `trust_domains` is empty when any will do."""

    obj: Mapping[str, Any]
    name: str
    namespace: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    trust_domains: frozenset[str] = frozenset()

    @classmethod
    def at(cls, obj: Mapping[str, Any], trust_domains: frozenset[str]) -> "Look":
        """Return the look at `obj`."""
        metadata = obj["metadata"]
        return cls(
            obj,
            metadata["name"],
            metadata.get("namespace", ""),
            metadata.get("labels", {}),
            metadata.get("annotations", {}),
            trust_domains,
        )

    @property
    def spec(self) -> Mapping[str, Any]:
        """Return the spec. Raises Malformed when it is none."""
        return mapping(self.obj["spec"], "spec")


class Malformed(TypeError):  # noqa: N818 - reads as what the object is
    """A part of an object has the wrong type; `check_object` makes a sentence of it."""


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """Return `value` when it is a mapping. Raises Malformed otherwise."""
    if not isinstance(value, Mapping):
        raise Malformed(f"{what} is no object")
    return value


def mappings(value: object, what: str) -> list[Mapping[str, Any]]:
    """Return `value` when it is a list of objects. Raises Malformed otherwise."""
    if not isinstance(value, list):
        raise Malformed(f"{what} is no list")
    return [mapping(item, what) for item in value]


def texts(value: object, what: str) -> list[str]:
    """Return `value` when it is a list of texts. Raises Malformed otherwise."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Malformed(f"{what} is no list of texts")
    return value


def unknown(found: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    """Name the fields that no object of ours has: what nobody judges is not written."""
    if odd := set(found) - set(known):
        yield f"It has fields that the portal does not write: {', '.join(sorted(odd))}."


def labelled(
    look: Look, expected: Mapping[str, str], optional: Collection[str] = ()
) -> Iterator[str]:
    """Compare the labels besides those of ownership: they say which slice an object is of."""
    found = {name: value for name, value in look.labels.items() if name not in _OWNERSHIP}
    for name, value in expected.items():
        if found.get(name) != value:
            yield f"Its label {quoted(name)} is not {quoted(value)}."
    if odd := set(found) - set(expected) - set(optional):
        yield f"It has labels that do not belong on it: {', '.join(sorted(odd))}."


def annotated(look: Look, expected: Mapping[str, str] | None = None) -> Iterator[str]:
    """Compare the annotations besides the hash: one of Istio's could switch a policy off."""
    found = {k: v for k, v in look.annotations.items() if k != CONTENT_HASH_ANNOTATION}
    if found != dict(expected or {}):
        yield f"Its annotations are not the ones of its kind: {', '.join(sorted(found)) or 'none'}."


def is_port(number: object) -> bool:
    """Tell whether `number` is a port, 1 to 65535."""
    return isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= 65535


def repeated(values: Collection[str]) -> list[str]:
    """Return the values that occur more than once, sorted."""
    return sorted(value for value, count in Counter(values).items() if count > 1)
