"""What the sandbox serves, in the documents that clients read before anything else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from egress.sandbox import gojson, protobuf
from egress.sandbox.kinds import KINDS, Kind
from egress.sandbox.reviews import REVIEWS
from egress.sandbox.schema import openapi_v3

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
OPENAPI_V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.0-sandbox",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "linux/amd64",
}
_STATUS_VERBS = ["get", "patch", "update"]
# Custom resources announce their verbs in this order (see the recording).
_CUSTOM_VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]


@cache
def group_versions() -> dict[str, list[str]]:
    """Return the versions of each group; the core group is the empty text."""
    found: dict[str, list[str]] = {}
    pairs = [(kind.group, kind.version) for kind in KINDS] + [(g, "v1") for g, _ in REVIEWS]
    for group, version in pairs:
        versions = found.setdefault(group, [])
        if version not in versions:
            versions.append(version)
    return found


def _verbs(kind: Kind) -> list[str]:
    return _CUSTOM_VERBS if kind.custom else list(kind.verbs)


def core_versions() -> dict[str, Any]:
    """Return the answer at `/api`."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def groups() -> dict[str, Any]:
    """Return the answer at `/apis`."""
    names = [group for group in group_versions() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(n) for n in names]}


def group(name: str) -> dict[str, Any] | None:
    """Return the answer at `/apis/GROUP`, or None."""
    if not name or name not in group_versions():
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name)}


def _group(name: str) -> dict[str, Any]:
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version}
        for version in group_versions()[name]
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def resources(group: str, version: str) -> dict[str, Any] | None:
    """Return the answer at the path of a group version, or None."""
    if version not in group_versions().get(group, []):
        return None
    listed: list[dict[str, Any]] = []
    for kind in KINDS:
        if (kind.group, kind.version) == (group, version):
            listed += _resource(kind)
    listed += [
        {
            "name": plural,
            "singularName": name.lower(),
            "namespaced": False,
            "kind": name,
            "verbs": ["create"],
        }
        for (review_group, plural), name in REVIEWS.items()
        if review_group == group
    ]
    head = {"kind": "APIResourceList"} | ({"apiVersion": "v1"} if group else {})
    name = f"{group}/{version}" if group else version
    return head | {"groupVersion": name, "resources": listed}


def _resource(kind: Kind) -> list[dict[str, Any]]:
    resource: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": _verbs(kind),
    }
    if kind.short:
        resource["shortNames"] = list(kind.short)
    if kind.categories:
        resource["categories"] = list(kind.categories)
    digest = hashlib.sha256(kind.qualified.encode()).digest()[:8]
    resource["storageVersionHash"] = base64.b64encode(digest).decode()
    if not kind.status:
        return [resource]
    status = {"name": f"{kind.plural}/status", "singularName": "", "namespaced": kind.namespaced}
    return [resource, status | {"kind": kind.kind, "verbs": _STATUS_VERBS}]


def aggregated(*, core: bool) -> dict[str, Any]:
    """Return everything at once, for `/api` (`core`) or for `/apis`."""
    names = [name for name in group_versions() if bool(name) != core]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [_aggregated_group(name) for name in names],
    }


def _aggregated_group(name: str) -> dict[str, Any]:
    versions = [
        {
            "version": version,
            "resources": [
                _aggregated_kind(kind)
                for kind in KINDS
                if (kind.group, kind.version) == (name, version)
            ]
            + [
                _aggregated_review(group, plural, kind)
                for (group, plural), kind in REVIEWS.items()
                if group == name
            ],
            "freshness": "Current",
        }
        for version in group_versions()[name]
    ]
    return {"metadata": {"name": name} if name else {}, "versions": versions}


def _aggregated_kind(kind: Kind) -> dict[str, Any]:
    shown = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    resource: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": shown,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": _verbs(kind),
    }
    if kind.short:
        resource["shortNames"] = list(kind.short)
    if kind.categories:
        resource["categories"] = list(kind.categories)
    if kind.status:
        status = {"subresource": "status", "responseKind": shown, "verbs": _STATUS_VERBS}
        resource["subresources"] = [status]
    return resource


def _aggregated_review(group: str, plural: str, kind: str) -> dict[str, Any]:
    return {
        "resource": plural,
        "responseKind": {"group": group, "version": "v1", "kind": kind},
        "scope": "Cluster",
        "singularResource": kind.lower(),
        "verbs": ["create"],
    }


@cache
def openapi_document(path: str) -> bytes | None:
    """Return the OpenAPI v3 document of a group version's path, such as `apis/apps/v1`."""
    parts = path.split("/")
    if parts[0] == "api" and len(parts) == 2:
        group, version = "", parts[1]
    elif parts[0] == "apis" and len(parts) == 3:
        group, version = parts[1], parts[2]
    else:
        return None
    if version not in group_versions().get(group, []):
        return None
    return gojson.dumps(openapi_v3(group, version))


@cache
def openapi_paths() -> bytes:
    """Return the answer at `/openapi/v3`: where the documents are, with a hash of each."""
    paths = {}
    for group, versions in group_versions().items():
        for version in versions:
            path = f"apis/{group}/{version}" if group else f"api/{version}"
            digest = hashlib.sha512(openapi_document(path) or b"").hexdigest().upper()
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return gojson.dumps({"paths": paths})


@cache
def openapi_v2(*, as_protobuf: bool) -> bytes:
    """Return a valid OpenAPI v2 document without definitions.

    kubectl looks models up in it before a client-side apply; where it finds none it merges as
    JSON, or with its own knowledge for built-in kinds.
    """
    info = {"title": "Sandbox", "version": VERSION["gitVersion"]}
    if as_protobuf:
        inner = protobuf.message((1, info["title"].encode()), (2, info["version"].encode()))
        return protobuf.message((1, b"2.0"), (2, inner), (8, b""))
    return gojson.dumps({"swagger": "2.0", "info": info, "paths": {}, "definitions": {}})
