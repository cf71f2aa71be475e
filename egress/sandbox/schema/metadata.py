"""What every object's `metadata` may hold: names, labels, annotations, owners.

The texts are those of a Kubernetes 1.36 API server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .build import boolean, integer, listing, mapping, obj, text
from .gotext import as_json, bad_value
from .node import Cause, Root

ANNOTATIONS_LIMIT = 256 * 1024
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_ALNUM = "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
_is_label = re.compile(_LABEL, re.ASCII).fullmatch
_is_subdomain = re.compile(_SUBDOMAIN, re.ASCII).fullmatch
_is_label_1035 = re.compile(_LABEL_1035, re.ASCII).fullmatch
_is_key = re.compile(_KEY, re.ASCII).fullmatch

_OWNER = obj(
    {
        "apiVersion": text(),
        "kind": text(),
        "name": text(),
        "uid": text(),
        "controller": boolean(),
        "blockOwnerDeletion": boolean(),
    },
    required=("apiVersion", "kind", "name", "uid"),
    atomic=True,
)
_MANAGED = obj(
    {
        "manager": text(),
        "operation": text(),
        "apiVersion": text(),
        "time": text(form="date-time"),
        "fieldsType": text(),
        "fieldsV1": obj(preserve_unknown=True),
        "subresource": text(),
    }
)
OBJECT_META = obj(
    {
        "name": text(),
        "generateName": text(),
        "namespace": text(),
        "selfLink": text(),
        "uid": text(),
        "resourceVersion": text(),
        "generation": integer(form="int64"),
        "creationTimestamp": text(form="date-time"),
        "deletionTimestamp": text(form="date-time"),
        "deletionGracePeriodSeconds": integer(form="int64"),
        "labels": mapping(text()),
        "annotations": mapping(text()),
        "ownerReferences": listing(_OWNER, keys=("uid",)),
        "finalizers": listing(text(), unique=True),
        "managedFields": listing(_MANAGED),
    }
)


def metadata_causes(root: Root, meta: object) -> list[Cause]:
    """Return what is wrong with an object's metadata; an empty list when all is well."""
    fields: Mapping[str, object] = meta if isinstance(meta, Mapping) else {}
    found: list[Cause] = []
    _check_names(root, fields, found)
    generation = fields.get("generation")
    if isinstance(generation, int) and generation < 0:
        message = f"Invalid value: {generation}: must be greater than or equal to 0"
        found.append(Cause("FieldValueInvalid", message, "metadata.generation"))
    _check_labels(fields.get("labels"), found)
    _check_annotations(fields.get("annotations"), found)
    _check_owners(fields.get("ownerReferences"), found)
    _check_finalizers(fields.get("finalizers"), found)
    return found


def _check_names(root: Root, meta: Mapping[str, object], found: list[Cause]) -> None:
    prefix, name = meta.get("generateName"), meta.get("name")
    if isinstance(prefix, str) and prefix:
        # The server looks at what a name made of it could be, and forgets one more character.
        stem = prefix[:-2] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        for problem in name_problems(root.name_form, stem):
            found.append(_invalid("metadata.generateName", prefix, problem))
    if not name or not isinstance(name, str):
        message = "Required value: name or generateName is required"
        found.append(Cause("FieldValueRequired", message, "metadata.name"))
    else:
        for problem in name_problems(root.name_form, name):
            found.append(_invalid("metadata.name", name, problem))
    namespace = meta.get("namespace")
    if not root.namespaced:
        if namespace:
            message = "Forbidden: not allowed on this type"
            found.append(Cause("FieldValueForbidden", message, "metadata.namespace"))
    elif not namespace or not isinstance(namespace, str):
        found.append(Cause("FieldValueRequired", "Required value", "metadata.namespace"))
    else:
        for problem in name_problems("label", namespace):
            found.append(_invalid("metadata.namespace", namespace, problem))


def name_problems(form: str, name: str) -> list[str]:
    """Return what is wrong with a name of the form subdomain, label, label1035 or path."""
    if form == "path":
        if name in (".", ".."):
            return [f"may not be '{name}'"]
        return [f"may not contain '{char}'" for char in "/%" if char in name]
    problems = []
    limit = 253 if form == "subdomain" else 63
    if len(name.encode()) > limit:
        problems.append(f"must be no more than {limit} characters")
    if form == "subdomain" and not _is_subdomain(name):
        problems.append(_subdomain_text())
    elif form == "label1035" and not _is_label_1035(name):
        problems.append(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
            "with an alphabetic character, and end with an alphanumeric character "
            f"(e.g. 'my-name',  or 'abc-123', regex used for validation is '{_LABEL_1035}')"
        )
    elif form == "label" and not _is_label(name):
        problems.append(_label_text(name))
    return problems


def _label_text(name: str) -> str:
    if _is_subdomain(name):
        return "must not contain dots"
    return (
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        "and must start and end with an alphanumeric character "
        f"(e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
    )


def _subdomain_text() -> str:
    return (
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' "
        "or '.', and must start and end with an alphanumeric character "
        f"(e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
    )


def _invalid(field: str, value: object, problem: str) -> Cause:
    shown = as_json(value, in_order=True) if isinstance(value, dict | list) else bad_value(value)
    return Cause("FieldValueInvalid", f"Invalid value: {shown}: {problem}", field)


def _check_labels(labels: object, found: list[Cause]) -> None:
    if not isinstance(labels, Mapping):
        return
    for key, value in labels.items():
        for problem in key_problems(key):
            found.append(_invalid("metadata.labels", key, problem))
        for problem in label_value_problems(value) if isinstance(value, str) else ():
            found.append(_invalid("metadata.labels", value, problem))


def label_value_problems(value: str) -> list[str]:
    """Return what is wrong with a label's value."""
    problems = []
    if len(value.encode()) > 63:
        problems.append("must be no more than 63 bytes")
    if value and not _is_key(value):
        problems.append(
            f"a valid label must be an empty string or consist of {_ALNUM} character "
            "(e.g. 'MyValue',  or 'my_value',  or '12345', "
            f"regex used for validation is '({_KEY})?')"
        )
    return problems


def key_problems(key: str) -> list[str]:
    """Return what is wrong with the key of a label or (in lower case) of an annotation."""
    prefix, slash, name = key.rpartition("/")
    how = (
        f"must consist of {_ALNUM} character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
        f"regex used for validation is '{_KEY}')"
    )
    if "/" in prefix:
        optional = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a valid label key {how}{optional}"]
    problems = []
    if slash and not prefix:
        problems.append("prefix part must be non-empty")
    elif slash:
        if len(prefix.encode()) > 253:
            problems.append("prefix part must be no more than 253 bytes")
        if not _is_subdomain(prefix):
            problems.append(f"prefix part {_subdomain_text()}")
    if not name:
        problems.append("name part must be non-empty")
    elif len(name.encode()) > 63:
        problems.append("name part must be no more than 63 bytes")
    if not _is_key(name):
        problems.append(f"name part {how}")
    return problems


def _check_annotations(annotations: object, found: list[Cause]) -> None:
    if not isinstance(annotations, Mapping):
        return
    size = 0
    for key, value in annotations.items():
        size += len(key.encode()) + len(value.encode() if isinstance(value, str) else "")
        for problem in key_problems(key.lower()):
            found.append(_invalid("metadata.annotations", key, problem))
    if size > ANNOTATIONS_LIMIT:
        message = f"Too long: may not be more than {ANNOTATIONS_LIMIT} bytes"
        found.append(Cause("FieldValueTooLong", message, "metadata.annotations"))


def _check_owners(owners: object, found: list[Cause]) -> None:
    path, controllers = "metadata.ownerReferences", []
    for owner in owners if isinstance(owners, list) else ():
        if not isinstance(owner, Mapping):
            continue
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                word = "version must" if name == "apiVersion" else "must"
                found.append(_invalid(f"{path}.{name}", "", f"{word} not be empty"))
        if (owner.get("apiVersion"), owner.get("kind")) == ("v1", "Event"):
            problem = "/v1, Kind=Event is disallowed from being an owner"
            found.append(_invalid(path, _in_order(owner), problem))
        if owner.get("controller") is True:
            controllers.append(f"{owner.get('kind')}/{owner.get('name')}")
    for other in controllers[1:]:
        problem = (
            "Only one reference can have Controller set to true. "
            f'Found "true" in references for {controllers[0]} and {other}'
        )
        shown = [_in_order(owner) for owner in owners] if isinstance(owners, list) else ""
        found.append(_invalid(path, shown, problem))


def _in_order(owner: object) -> object:
    """Return an owner with its fields in the order in which messages show them."""
    fields = owner if isinstance(owner, Mapping) else {}
    return {name: fields[name] for name in _OWNER.properties if name in fields}


def _check_finalizers(finalizers: object, found: list[Cause]) -> None:
    names = finalizers if isinstance(finalizers, list) else []
    for name in names:
        for problem in key_problems(name) if isinstance(name, str) else ():
            found.append(_invalid("metadata.finalizers", name, problem))
    if "orphan" in names and "foregroundDeletion" in names:
        problem = "finalizer orphan and foregroundDeletion cannot be both set"
        found.append(_invalid("metadata.finalizers", names, problem))
