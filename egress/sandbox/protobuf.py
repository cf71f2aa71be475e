"""As much of the protobuf wire format as kubectl needs: reading small messages, writing one.

Source of the format: the Protocol Buffers encoding page; of the envelope: Kubernetes' API
concepts, "Kubernetes Protobuf encoding".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MEDIA = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\0"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
Shape = dict[int, "tuple[str, Shape | None]"]
# The shape of a map from text to text.
_MAP: Shape = {}

_FIELDS: Shape = {
    1: ("namespace", None),
    2: ("verb", None),
    3: ("group", None),
    4: ("version", None),
    5: ("resource", None),
    6: ("subresource", None),
    7: ("name", None),
}
_PATH: Shape = {1: ("path", None), 2: ("verb", None)}
_REVIEW: Shape = {1: ("resourceAttributes", _FIELDS), 2: ("nonResourceAttributes", _PATH)}
_META: Shape = {
    1: ("name", None),
    2: ("generateName", None),
    3: ("namespace", None),
    11: ("labels", _MAP),
    12: ("annotations", _MAP),
}
_PRECONDITIONS: Shape = {1: ("uid", None), 2: ("resourceVersion", None)}
_SHAPES: dict[str, Shape] = {
    "SelfSubjectAccessReview": {2: ("spec", _REVIEW)},
    "SubjectAccessReview": {2: ("spec", _REVIEW | {3: ("user", None), 6: ("uid", None)})},
    "SelfSubjectRulesReview": {2: ("spec", {1: ("namespace", None)})},
    "SelfSubjectReview": {1: ("metadata", _META)},
    "Namespace": {1: ("metadata", _META)},
    "ServiceAccount": {1: ("metadata", _META)},
    "ConfigMap": {1: ("metadata", _META), 2: ("data", _MAP)},
    "DeleteOptions": {2: ("preconditions", _PRECONDITIONS), 5: ("dryRun", None)},
}


class UnreadableError(ValueError):
    """Bytes that are no message of the expected kind."""


class UnknownKindError(Exception):
    """A kind that is read from JSON and YAML only."""


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise UnreadableError("unexpected EOF")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a message. Raises UnreadableError."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise UnreadableError(f"illegal wireType {wire}")
        if at + size > len(data):
            raise UnreadableError("unexpected EOF")
        yield number, data[at : at + size]
        at += size


def _shaped(data: bytes, shape: Shape) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, value in fields(data):
        if number not in shape or not isinstance(value, bytes):
            continue
        name, below = shape[number]
        if below is _MAP:
            found.setdefault(name, {}).update([_map_entry(value)])
        elif below is not None:
            found[name] = _shaped(value, below)
        elif name == "dryRun":
            found.setdefault(name, []).append(value.decode())
        elif value:
            found[name] = value.decode()
    return found


def _map_entry(data: bytes) -> tuple[str, str]:
    entry = {number: value for number, value in fields(data) if isinstance(value, bytes)}
    return entry.get(1, b"").decode(), entry.get(2, b"").decode()


def decode(body: bytes) -> dict[str, Any]:
    """Read an object in Kubernetes' envelope into its JSON form.

    Raises UnreadableError for what is no such message, UnknownKindError for other kinds.
    """
    if not body.startswith(MAGIC):
        raise UnreadableError("provided data does not appear to be a protobuf message")
    unknown = dict(fields(body[len(MAGIC) :]))
    meta, raw = unknown.get(1, b""), unknown.get(2, b"")
    if not isinstance(meta, bytes) or not isinstance(raw, bytes):
        raise UnreadableError("the envelope has no message")
    about = _shaped(meta, {1: ("apiVersion", None), 2: ("kind", None)})
    shape = _SHAPES.get(about.get("kind", ""))
    if shape is None:
        raise UnknownKindError(about.get("kind", ""))
    return about | _shaped(raw, shape)


def message(*parts: tuple[int, bytes]) -> bytes:
    """Write a message of length-delimited fields, each given as number and bytes."""
    return b"".join(
        _write_varint(number << 3 | _BYTES) + _write_varint(len(value)) + value
        for number, value in parts
    )


def _write_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
