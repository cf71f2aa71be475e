"""Kubernetes objects as plain data: their key, their content hash, and their YAML."""

import hashlib
import json.encoder
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from egress.domain.naming import CONTENT_HASH_ANNOTATION

KubeObject = dict[str, Any]


@dataclass(frozen=True, order=True)
class ObjectKey:
    """What names one object in a cluster. `namespace` is empty for cluster-scoped kinds."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}"


def key_of(obj: Mapping[str, Any]) -> ObjectKey:
    """Return the key of an object, desired or live."""
    metadata = obj["metadata"]
    return ObjectKey(
        obj["apiVersion"], obj["kind"], metadata.get("namespace", ""), metadata["name"]
    )


def body_of(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return the top-level fields in which an object says what it wants.

    For most kinds that is the spec alone; an EndpointSlice has no spec but fields of its own.
    """
    return {name: value for name, value in obj.items() if name not in _AROUND_THE_BODY}


_AROUND_THE_BODY = frozenset({"apiVersion", "kind", "metadata", "status"})


def content_hash(obj: Mapping[str, Any]) -> str:
    """Return SHA-256 (64 hexadecimal digits) over what we decide about an object.

    Covers identity, labels, annotations and all top-level fields, but not the status, the hash
    annotation itself, nor metadata that a server fills in.
    """
    metadata = obj["metadata"]
    annotations = metadata.get("annotations", {})
    if CONTENT_HASH_ANNOTATION in annotations:
        annotations = {k: v for k, v in annotations.items() if k != CONTENT_HASH_ANNOTATION}
    content = {
        **obj,
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata.get("namespace", ""),
            "labels": metadata.get("labels", {}),
            "annotations": annotations,
        },
    }
    content.pop("status", None)
    return hashlib.sha256(canonical_json(content)).hexdigest()


def with_content_hash(obj: KubeObject) -> KubeObject:
    """Return a copy of `obj` that carries its content hash as an annotation."""
    metadata = obj["metadata"]
    annotations = {**metadata.get("annotations", {}), CONTENT_HASH_ANNOTATION: content_hash(obj)}
    return {**obj, "metadata": {**metadata, "annotations": annotations}}


def canonical_json(value: object) -> bytes:
    """Return the one JSON spelling of `value`: sorted keys, no spaces, UTF-8, text as it is."""
    return canonical_text(value).encode("utf-8")


def canonical_text(value: object) -> str:
    """Return the same as `canonical_json`, before it becomes bytes."""
    return "".join(_encode(value, 0))


def _quick_encoder() -> Callable[[object, int], Iterable[str]]:
    """Return what `JSONEncoder.encode` would build anew for every value, built once.

    A third of the time of rendering went there. Where the interpreter has no encoder in C, the
    plain one gives the same text.
    """
    plain = json.JSONEncoder(
        sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return lambda value, _: plain.iterencode(value)
    quote = json.encoder.encode_basestring
    # Nothing of ours can hold itself, so no marks are kept of what is being written.
    quick: Callable[[object, int], Iterable[str]] = make(
        None, plain.default, quote, None, ":", ",", True, False, False
    )
    return quick


_encode = _quick_encoder()


class _BlockDumper(yaml.SafeDumper):
    """Writes lists indented below their key and never uses anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def to_yaml(objects: Iterable[Mapping[str, Any]]) -> str:
    """Return objects as a YAML stream in block style; the same objects give the same bytes."""
    return yaml.dump_all(
        [dict(obj) for obj in objects],
        Dumper=_BlockDumper,
        default_flow_style=False,
        sort_keys=False,
        explicit_start=True,
        # ASCII only: the writer does not escape every line break that Unicode knows.
        allow_unicode=False,
        width=4096,
    )
