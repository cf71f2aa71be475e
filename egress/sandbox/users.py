"""Who may call the sandbox, and what each may do."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from egress.sandbox.errors import unauthorized

WRITE = ("get", "list", "watch", "create", "patch", "update", "delete")
READ = ("get", "list", "watch")
ANY = ("*",)


@dataclass(frozen=True)
class Access:
    """One wish: a verb on a resource (`subresource` may be empty), or on a path."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(frozen=True)
class AccessRule:
    """What is allowed, as a rule of a ClusterRole says it."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def allows(self, access: Access) -> bool:
        """Tell whether the rule covers a wish."""
        if not _covers(self.verbs, access.verb):
            return False
        if access.path:
            return any(_path_fits(pattern, access.path) for pattern in self.paths)
        resource = access.resource
        if access.subresource:
            resource = f"{resource}/{access.subresource}"
        return _covers(self.groups, access.group) and _covers(self.resources, resource)


def _covers(allowed: Iterable[str], wanted: str) -> bool:
    return any(item in ("*", wanted) for item in allowed)


def _path_fits(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


@dataclass(frozen=True)
class User:
    """A caller: the name that messages and the ledger show, groups, and rules."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ("system:authenticated",)
    rules: tuple[AccessRule, ...] = ()

    def may(self, access: Access) -> bool:
        """Tell whether the user may do something."""
        return any(rule.allows(access) for rule in self.rules)


PUBLIC = AccessRule(("get",), paths=("/healthz", "/livez", "/readyz", "/version", "/version/"))
BASIC = (
    PUBLIC,
    AccessRule(("get",), paths=("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")),
    AccessRule(
        ("create",),
        ("authorization.k8s.io",),
        ("selfsubjectaccessreviews", "selfsubjectrulesreviews"),
    ),
    AccessRule(("create",), ("authentication.k8s.io",), ("selfsubjectreviews",)),
)
PORTAL_RULES = (
    AccessRule(
        WRITE,
        ("networking.istio.io",),
        (
            "serviceentries",
            "sidecars",
            "gateways",
            "virtualservices",
            "destinationrules",
        ),
    ),
    AccessRule(WRITE, ("security.istio.io",), ("authorizationpolicies", "peerauthentications")),
    AccessRule(WRITE, ("telemetry.istio.io",), ("telemetries",)),
    AccessRule(WRITE, ("gateway.networking.k8s.io",), ("gateways",)),
    AccessRule(WRITE, ("",), ("services",)),
    AccessRule(WRITE, ("discovery.k8s.io",), ("endpointslices",)),
    AccessRule(WRITE, ("networking.k8s.io",), ("networkpolicies",)),
    AccessRule(READ, ("",), ("namespaces", "serviceaccounts", "pods", "configmaps")),
    AccessRule(READ, ("apps",), ("deployments",)),
    AccessRule(READ, ("security.istio.io",), ("requestauthentications",)),
    AccessRule(READ, ("gateway.networking.k8s.io",), ("gatewayclasses",)),
    AccessRule(
        READ,
        ("admissionregistration.k8s.io",),
        ("validatingadmissionpolicies", "validatingadmissionpolicybindings"),
    ),
    AccessRule(READ, ("apiextensions.k8s.io",), ("customresourcedefinitions",)),
    AccessRule(("create",), ("authorization.k8s.io",), ("subjectaccessreviews",)),
)

ADMIN = User(
    "admin",
    "1",
    ("system:masters", "system:authenticated"),
    (AccessRule(ANY, ANY, ANY), AccessRule(ANY, paths=ANY)),
)
PORTAL = User(
    "system:serviceaccount:egress-portal:portal",
    "2",
    ("system:serviceaccounts", "system:serviceaccounts:egress-portal", "system:authenticated"),
    (*BASIC, *PORTAL_RULES),
)
NOBODY = User("nobody", "3", rules=BASIC)
ANONYMOUS = User("system:anonymous", groups=("system:unauthenticated",), rules=(PUBLIC,))


class Users:
    """The callers, by their bearer tokens."""

    def __init__(self, tokens: Mapping[str, User]) -> None:
        self._tokens = dict(tokens)
        self._names = {user.name: user for user in (*self._tokens.values(), ANONYMOUS)}

    def authenticate(self, authorization: str) -> User:
        """Return who calls; without a token that is `system:anonymous`.

        Raises StatusError (401) for a token that is not known.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return ANONYMOUS
        offered = token.strip().encode()
        for known, user in self._tokens.items():
            if hmac.compare_digest(known.encode(), offered):
                return user
        raise unauthorized()

    def named(self, name: str) -> User:
        """Return the user of a name; a name that nobody has may do nothing."""
        return self._names.get(name, User(name))
