"""From a body to an object of the kind that the path names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from egress.sandbox import gojson, protobuf
from egress.sandbox.errors import bad_request, internal, unsupported_media
from egress.sandbox.kinds import Kind
from egress.sandbox.messages import Request
from egress.sandbox.options import WriteOptions
from egress.sandbox.schema import prune, structural_error
from egress.sandbox.schema.values import value_causes
from egress.sandbox.targets import Object, Target

BODY_TYPES = ("application/json", "application/yaml", protobuf.MEDIA)
_NULL = 'Invalid value: "null"'
# Left out when they are empty, in custom resources as well.
OPTIONAL_FIELDS = ("labels", "annotations", "finalizers", "ownerReferences", "generateName")
SYSTEM_FIELDS = ("creationTimestamp", "deletionTimestamp", "generation", "selfLink")


def decoded(request: Request, kind: str) -> Any:
    """Read the body of a request that should hold an object of a kind.

    Raises StatusError: 400 for what cannot be read, 415 for another content type.
    """
    body, media = request.body, request.media_type
    try:
        if media == "application/yaml":
            return gojson.loads_yaml(body)
        if media == protobuf.MEDIA:
            return protobuf.decode(body)
        if media in ("application/json", ""):
            return gojson.loads(body)
    except protobuf.UnknownKindError as error:
        raise unsupported_media(BODY_TYPES[:2]) from error
    except ValueError as error:
        shown = body.decode(errors="replace")[:200]
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind}): couldn't get "
            f"version/kind; json parse error: {error} ({shown})"
        ) from error
    raise unsupported_media(BODY_TYPES)


def checked_body(target: Target, body: Any, options: WriteOptions) -> tuple[Object, list[str]]:
    """Return an object of this kind without unknown fields, and warnings about them.

    Raises StatusError (400) for another kind, version, name or namespace than the path's.
    """
    kind = target.kind
    if not isinstance(body, Mapping):
        raise bad_request(f"the object provided is unrecognized (must be of type {kind.kind})")
    _check_version(kind, body)
    pruned, warnings = prune(target.node, body)
    if warnings and options.validation == "Strict":
        raise bad_request(
            f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: '
            f"strict decoding error: {', '.join(warnings)}"
        )
    check_types(target, pruned)
    obj = with_path_names(target, pruned)
    return obj, warnings if options.validation == "Warn" else []


def check_types(target: Target, obj: Mapping[str, Any]) -> None:
    """Refuse what the server cannot even decode: metadata, and built-in kinds throughout.

    Raises StatusError (400). Values of custom kinds are left to validation.
    """
    kind, node = target.kind, target.node
    if kind.custom:
        found = value_causes(node.properties["metadata"], obj.get("metadata") or {}, "metadata")
    else:
        found = value_causes(node, obj)
    for cause in found:
        # Null stands for an absent field; defaults replace it.
        if cause.reason == "FieldValueTypeInvalid" and not cause.message.startswith(_NULL):
            raise bad_request(
                f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: '
                f"{cause.field}: {cause.message}"
            )


def _check_version(kind: Kind, body: Mapping[str, Any]) -> None:
    version, name = body.get("apiVersion"), body.get("kind")
    if kind.custom and not (version and name):
        missing = "kind" if not name else "apiVersion"
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind.kind}): "
            f"couldn't get version/kind; Object '{missing.capitalize()}' is missing"
        )
    if version and version != kind.api_version:
        raise bad_request(
            f"the API version in the data ({version}) does not match "
            f"the expected API version ({kind.api_version})"
        )
    if name and name != kind.kind:
        raise bad_request(
            f'{name} in version "{kind.version}" cannot be handled as a {kind.kind}: '
            f"the kind in the data does not match the kind on the URL"
        )


def with_path_names(target: Target, obj: Mapping[str, Any]) -> Object:
    """Return the object with apiVersion, kind and metadata in front and the path's namespace.

    Raises StatusError (400) when it names another object than the path.
    """
    kind = target.kind
    given = obj.get("metadata")
    metadata = dict(given) if isinstance(given, Mapping) else {}
    if target.name and not metadata.get("name"):
        metadata["name"] = target.name
    if target.name and metadata["name"] != target.name:
        raise bad_request(
            f"the name of the object ({metadata['name']}) "
            f"does not match the name on the URL ({target.name})"
        )
    if kind.namespaced:
        if metadata.get("namespace") not in (None, "", target.namespace):
            raise bad_request(
                "the namespace of the provided object does not match "
                "the namespace sent on the request"
            )
        metadata["namespace"] = target.namespace
    rest = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind", "metadata")}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **rest}


def checked_config(target: Target, config: Any) -> Object:
    """Return what an apply may say about an object of this kind.

    Raises StatusError: 400 for another object, 500 where the type system cannot parse it.
    """
    kind = target.kind
    if not isinstance(config, Mapping):
        raise bad_request("error decoding YAML: the applied object is no map")
    if config.get("apiVersion") != kind.api_version:
        raise bad_request(
            "Incorrect version specified in apply patch. Specified patch version: "
            f"{config.get('apiVersion', '')}, expected: {kind.api_version}"
        )
    _check_version(kind, config)
    obj = with_path_names(target, config)
    if obj["metadata"].get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    problem = structural_error(target.node, config)
    if problem is not None:
        where = f"{target.namespace}/{target.name}; {kind.api_version}, Kind={kind.kind}"
        raise internal(f"failed to create typed patch object ({where}): {problem}")
    metadata = {
        name: value
        for name, value in obj["metadata"].items()
        if not (name in SYSTEM_FIELDS and value is None)
        and not (name in OPTIONAL_FIELDS and not value)
    }
    if target.subresource:
        status = {"status": obj["status"]} if "status" in obj else {}
        return {k: obj[k] for k in ("apiVersion", "kind")} | {"metadata": metadata} | status
    if kind.status:
        obj.pop("status", None)
    return obj | {"metadata": metadata}
