"""Roles and their bindings, and admission policies.

Source: the API reference of Kubernetes 1.36. The expressions of admission policies are kept, not
evaluated.
"""

from __future__ import annotations

from .build import choice, kind, listing, needed, obj, text, texts
from .core_common import Object, conditions, label_selector
from .node import Node, Root

RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"


def _rbac_root(name: str, *, namespaced: bool, description: str) -> Root:
    return Root(
        RBAC,
        "v1",
        name,
        f"{name.lower()}s",
        namespaced=namespaced,
        name_form="path",
        description=description,
        complete=_complete_binding if name.endswith("Binding") else None,
    )


def _rules() -> Node:
    lists = "verbs apiGroups resources resourceNames nonResourceURLs"
    one = obj(
        {name: texts() for name in lists.split()},
        rules=[
            needed(
                ".verbs", lambda r: bool(r.get("verbs")), "verbs must contain at least one value"
            )
        ],
    )
    return listing(one)


def _role(*, namespaced: bool) -> Node:
    name = "Role" if namespaced else "ClusterRole"
    fields = {"rules": _rules()}
    if not namespaced:
        selectors = listing(label_selector())
        fields["aggregationRule"] = obj({"clusterRoleSelectors": selectors})
    return kind(_rbac_root(name, namespaced=namespaced, description="A set of rights."), fields)


def _complete_binding(binding: Object) -> None:
    if isinstance(binding.get("roleRef"), dict):
        binding["roleRef"].setdefault("apiGroup", RBAC)
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", RBAC)


def _binding(*, namespaced: bool) -> Node:
    name = "RoleBinding" if namespaced else "ClusterRoleBinding"
    subject = obj(
        {
            "kind": choice("Group", "ServiceAccount", "User"),
            "apiGroup": text(),
            "name": text(),
            "namespace": text(),
        },
        required=("kind", "name"),
        atomic=True,
    )
    kinds = ("ClusterRole", "Role") if namespaced else ("ClusterRole",)
    reference = obj(
        {"apiGroup": text(), "kind": choice(*kinds), "name": text()},
        required=("kind", "name"),
        atomic=True,
    )
    root = _rbac_root(name, namespaced=namespaced, description="Gives a role to somebody.")
    return kind(root, {"subjects": listing(subject), "roleRef": reference}, required=("roleRef",))


def _match_resources() -> Node:
    lists = "apiGroups apiVersions operations resources resourceNames"
    operations = listing(choice("*", "CONNECT", "CREATE", "DELETE", "UPDATE"))
    scoped = obj(
        {
            **{name: texts() for name in lists.split()},
            "operations": operations,
            "scope": choice("*", "Cluster", "Namespaced", default="*"),
        },
        atomic=True,
    )
    return obj(
        {
            "resourceRules": listing(scoped),
            "excludeResourceRules": listing(scoped),
            "matchPolicy": choice("Equivalent", "Exact", default="Equivalent"),
            "namespaceSelector": label_selector(default={}),
            "objectSelector": label_selector(default={}),
        },
        atomic=True,
    )


def _named_expressions() -> Node:
    fields = {"name": text(), "expression": text()}
    return listing(obj(fields, required=("name", "expression")), keys=("name",))


_POLICY_RULES = (
    needed(".matchConstraints", lambda spec: "matchConstraints" in spec),
    needed(
        ".validations",
        lambda spec: bool(spec.get("validations") or spec.get("auditAnnotations")),
        "validations or auditAnnotations must contain at least one item",
    ),
)


def _admission_policy() -> Node:
    validation = obj(
        {
            "expression": text(),
            "message": text(),
            "messageExpression": text(),
            "reason": choice("Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"),
        },
        required=("expression",),
    )
    pair = {"key": text(), "valueExpression": text()}
    annotation = obj(pair, required=tuple(pair))
    spec = obj(
        {
            "failurePolicy": choice("Fail", "Ignore", default="Fail"),
            "paramKind": obj({"apiVersion": text(), "kind": text()}, atomic=True),
            "matchConstraints": _match_resources(),
            "matchConditions": _named_expressions(),
            "variables": _named_expressions(),
            "validations": listing(validation),
            "auditAnnotations": listing(annotation),
        },
        rules=_POLICY_RULES,
    )
    status = obj({"conditions": conditions()}, preserve_unknown=True)
    root = Root(
        ADMISSION,
        "v1",
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        namespaced=False,
        description="Conditions that objects must meet.",
    )
    return kind(root, {"spec": spec, "status": status}, required=("spec",))


def _admission_binding() -> Node:
    parameter = obj(
        {
            "name": text(),
            "namespace": text(),
            "selector": label_selector(),
            "parameterNotFoundAction": choice("Allow", "Deny"),
        },
        atomic=True,
    )
    spec = obj(
        {
            "policyName": text(),
            "paramRef": parameter,
            "matchResources": _match_resources(),
            "validationActions": listing(choice("Audit", "Deny", "Warn"), unique=True),
        },
        rules=[
            needed(".policyName", lambda spec: bool(spec.get("policyName"))),
            needed(".validationActions", lambda spec: bool(spec.get("validationActions"))),
        ],
    )
    root = Root(
        ADMISSION,
        "v1",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        namespaced=False,
        description="Puts an admission policy in force.",
    )
    return kind(root, {"spec": spec}, required=("spec",))


ROLE = _role(namespaced=True)
CLUSTER_ROLE = _role(namespaced=False)
ROLE_BINDING = _binding(namespaced=True)
CLUSTER_ROLE_BINDING = _binding(namespaced=False)
ADMISSION_POLICY = _admission_policy()
ADMISSION_BINDING = _admission_binding()
