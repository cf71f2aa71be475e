"""Reviews: may I, may somebody, who am I. They are answered and never stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from egress.sandbox import fieldset
from egress.sandbox.errors import StatusError, bad_request, invalid
from egress.sandbox.merge import ANYTHING, fields_of
from egress.sandbox.rbac import Verdict
from egress.sandbox.schema import Cause
from egress.sandbox.users import Access, AccessRule, User, Users

AUTHORIZATION = "authorization.k8s.io"
AUTHENTICATION = "authentication.k8s.io"
MASTERS = "system:masters"
REVIEWS: dict[tuple[str, str], str] = {
    (AUTHORIZATION, "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    (AUTHORIZATION, "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
    (AUTHORIZATION, "subjectaccessreviews"): "SubjectAccessReview",
    (AUTHENTICATION, "selfsubjectreviews"): "SelfSubjectReview",
}


Judge = Callable[[str, list[str], Access], Verdict]
"""Says what roles and bindings allow a user, with groups, to do."""


def answer(
    kind: str, body: Any, user: User, users: Users, judge: Judge, *, manager: str, now: str
) -> dict[str, Any]:
    """Return the answered review. `judge` is asked about others, beside the users' own rules.

    Raises StatusError: 400 for another kind of body, 422 for a review that asks nothing.
    """
    if not isinstance(body, Mapping) or body.get("kind", kind) != kind:
        raise bad_request(f"the object provided is unrecognized (must be of type {kind})")
    spec = body.get("spec")
    spec = dict(spec) if isinstance(spec, Mapping) else {}
    if kind == "SelfSubjectReview":
        info = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
        known = {name: value for name, value in info.items() if value}
        return _review(kind, AUTHENTICATION, {"creationTimestamp": now}, status={"userInfo": known})
    if kind == "SelfSubjectRulesReview":
        status = _rules(user.rules)
        return _review(kind, AUTHORIZATION, {"creationTimestamp": None}, spec, status)
    asked = _access(kind, spec)
    metadata = {"managedFields": [_managed(spec, manager, now)]}
    if kind == "SubjectAccessReview":
        status = _of_another(spec, users, judge, asked)
    else:
        status = {"allowed": user.may(asked)}
    return _review(kind, AUTHORIZATION, metadata, spec, status)


def _of_another(
    spec: Mapping[str, Any], users: Users, judge: Judge, asked: Access
) -> dict[str, Any]:
    """Return the status for the user and the groups that the review names, and no others."""
    name, groups = spec.get("user") or "", spec.get("groups") or []
    if not isinstance(name, str) or not isinstance(groups, list):
        raise bad_request("spec.user must be a string, and spec.groups a list")
    if MASTERS in groups or users.named(name).may(asked):
        return {"allowed": True}
    verdict = judge(name, [str(group) for group in groups], asked)
    return {"allowed": verdict.allowed} | ({"reason": verdict.reason} if verdict.reason else {})


def _review(
    kind: str,
    group: str,
    metadata: dict[str, Any],
    spec: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
) -> dict[str, Any]:
    review: dict[str, Any] = {"kind": kind, "apiVersion": f"{group}/v1", "metadata": metadata}
    if spec is not None:
        review["spec"] = spec
    return review | {"status": status or {}}


def _access(kind: str, spec: Mapping[str, Any]) -> Access:
    asked, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if kind == "SubjectAccessReview" and not (spec.get("user") or spec.get("groups")):
        raise _refused(kind, "spec.user", "at least one of user or group must be specified")
    if bool(asked) == bool(path):
        raise _refused(
            kind,
            "spec.resourceAttributes",
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )
    if isinstance(path, Mapping):
        return Access(str(path.get("verb", "")), path=str(path.get("path", "")))
    if not isinstance(asked, Mapping):
        raise bad_request("spec.resourceAttributes must be an object")
    names = ("verb", "group", "resource", "subresource", "namespace", "name")
    return Access(**{name: str(asked.get(name) or "") for name in names})


def _refused(kind: str, field: str, why: str) -> StatusError:
    cause = Cause("FieldValueInvalid", f"Invalid value: null: {why}", field)
    return invalid(AUTHORIZATION, kind, "", [cause])


def _managed(spec: Mapping[str, Any], manager: str, now: str) -> dict[str, Any]:
    fields = set(fields_of(ANYTHING, {"spec": spec}))
    fields |= {("f:spec", f"f:{name}") for name, value in spec.items() if isinstance(value, dict)}
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": f"{AUTHORIZATION}/v1",
        "time": now,
        "fieldsType": "FieldsV1",
        "fieldsV1": fieldset.render(frozenset(path for path in fields if path != ("f:spec",))),
    }


def _rules(rules: tuple[AccessRule, ...]) -> dict[str, Any]:
    return {
        "resourceRules": [
            {
                "verbs": list(rule.verbs),
                "apiGroups": list(rule.groups),
                "resources": list(rule.resources),
            }
            for rule in rules
            if rule.resources
        ],
        "nonResourceRules": [
            {"verbs": list(rule.verbs), "nonResourceURLs": list(rule.paths)}
            for rule in rules
            if rule.paths
        ],
        "incomplete": False,
    }
