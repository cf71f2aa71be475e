"""What is sent with each change, so that only rights stand in its way, and where addresses lead.

A row that is not named here sends nothing. `w` is the world, `o` whose object it is.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from egress.domain.notices import Kind
from tests import factories as make
from tests.api.calling import wish
from tests.matrix.routes import Route
from tests.matrix.world import World
from tests.web.browsing import typed

Body = Mapping[str, Any] | Callable[[World, str], Mapping[str, Any]]
REASON = {"reason": "It is needed."}
RENEW = {"reason": "It is needed.", "duration_days": 30}
OPEN = {"revision": 1, "reason": "Payments fail for everybody.", "hours": 1}
LOOK = {"says": "confirm"}
ROLE = {"role": "auditor", "namespaces": "*", "destinations": "*", "max_risk": ""}
HOOK = {
    "name": "hook",
    "url": "https://ci.example.com/x",
    "groups": ["requests"],
    "namespaces": "*",
}
SWITCH = {"on": "yes", "digest": "0" * 64, "reason": "It is needed."}
PASSWORD = {"password": "correct horse battery staple"}
ENTRY = {
    "name": "entry",
    "title": "Entry",
    "owner": "x",
    "destinations": "entry.example.com:443 TLS",
}


def _tomorrow() -> str:
    return (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%d %H:%M")


def _version(w: World, o: str) -> dict[str, Any]:
    row = w.the("foreign_object", o)
    return {"uid": row.uid, "resource_version": row.resource_version, **RENEW}


def _approved(w: World, o: str) -> dict[str, Any]:
    return {"verdict": "approve", "approve": "0", "revision": "1", "duration": "as-asked"}


PAGES: dict[str, Body] = {
    "request-new": lambda w, o: typed(w.place(o)),
    "request-preview": lambda w, o: typed(w.place(o)),
    "request-edit": lambda w, o: typed(w.place(o), revision="1"),
    "request-decide": _approved,
    "request-comment": {"text": "Hello."},
    "request-break-glass": OPEN,
    "request-second-look": LOOK,
    "draft-keep": lambda w, o: {**typed(w.place(o)), "place": "/requests/new"},
    "draft-drop": {"place": "/requests/new"},
    "queue-decide": lambda w, o: {
        "selected": f"{w.the('request', o).pk}:1",
        "note": "No.",
        "verdict": "deny",
    },
    "queue-row-decide": _approved,
    "queue-filter-save": {"name": "another", "filters": "q=shop"},
    "grant-renew": RENEW,
    "grant-revoke": REASON,
    "grant-resume": REASON,
    "recertification": lambda w, o: {"answer": "confirm", "grants": w.the("asked_about", o).pk},
    "cluster-drift-policy": {"policy": "flag"},
    "cluster-brake": {"digest": "0" * 64, **REASON},
    "cluster-foreign-adopt": _version,
    "cluster-settings": {"enforcement": "sidecar", "recertify_days": "180"},
    "cluster-posture-attest": {"row_id": "PF1", "note": "I looked."},
    "cluster-owners": {
        "owner_by_admin": "on",
        "owner_by_label": "on",
        "review_user": "username",
    },
    "cluster-owners-try": lambda w, o: {"person": "colleague", "namespace": w.place(o).name},
    "namespace-default-deny": SWITCH,
    "namespace-network-policy": SWITCH,
    "namespace-owner": {"team": ""},
    "namespace-enforcement": {"enforcement": "sidecar"},
    "namespace-mesh-hosts": {"hosts": ""},
    "owners": lambda w, o: {"namespaces": str(w.place(o).pk), "team": ""},
    "catalogue-new": ENTRY,
    "catalogue-edit": lambda w, o: {**ENTRY, "name": w.the("preset", o).name},
    "channel-new": {
        "name": "new",
        "url": "slack://TokenA/TokenB/TokenC",
        "kinds": "decided",
        "namespaces": "*",
    },
    "channel": {"name": "chat", "kinds": "decided", "namespaces": "*"},
    "webhook-new": HOOK,
    "webhook": {**HOOK, "url": ""},
    "person-new": {"username": "newcomer", **PASSWORD},
    "person": {"first_name": "N"},
    "person-role": ROLE,
    "person-password": PASSWORD,
    "person-deactivate": REASON,
    "team-new": {"name": "team-new"},
    "team": lambda w, o: {"people": str(w.the("person", o).pk)},
    "team-role": ROLE,
    "notification-choices": {"digest_hour": "8", **{kind.value: "portal" for kind in Kind}},
    "password": {
        "old_password": make.PASSWORD,
        "new_password1": PASSWORD["password"],
        "new_password2": PASSWORD["password"],
    },
    "token-new": {"name": "x", "scopes": "read", "days": "90"},
    "robot-new": lambda w, o: {
        "username": "pipeline",
        "teams": str(make.team("team-bank" if o == "foreign" else "team-shop").pk),
    },
    "robot-token-new": {"name": "x", "scopes": "read", "days": "90"},
    "account-delegations": lambda w, o: {
        "delegate": "colleague",
        "ends_at": _tomorrow(),
        **REASON,
    },
    "delegations": lambda w, o: {
        "lender": "lender",
        "delegate": "colleague",
        "ends_at": _tomorrow(),
        **REASON,
    },
    "rule-book": {"text": "rules: []\n"},
    "rule-book-force": {"digest": "0" * 64},
    "rule-book-reject": {"note": "No."},
    "sign-in": {"username": "colleague", "password": make.PASSWORD},
    "account_reauthenticate": {"password": make.PASSWORD},
}
"""Forms by the name of the address."""

DECISION = {"revision": 1, "note": "No."}
JSON_SWITCH = {**SWITCH, "on": True}
JSON_HOOK = {**HOOK, "name": "hook"}

API: dict[str, Body] = {
    "POST /tokens/": {"name": "x", "scopes": ["admin"], "days": 1},
    "POST /robots/": lambda w, o: {
        "username": "pipeline",
        "teams": ["team-bank" if o == "foreign" else "team-shop"],
    },
    "POST /robots/<pk>/tokens/": {"name": "x", "scopes": ["read"], "days": 9},
    "POST /requests/": lambda w, o: wish(w.place(o)),
    "POST /requests/preview/": lambda w, o: wish(w.place(o)),
    "POST /requests/bulk/": lambda w, o: {"requests": [wish(w.place(o))]},
    "POST /requests/decide/": lambda w, o: {
        "decisions": [{"request": w.the("request", o).pk, "verdict": "denied", **DECISION}]
    },
    "PUT /requests/<pk>/": lambda w, o: {**wish(w.place(o)), "revision": 1},
    "POST /requests/<pk>/approve/": {"revision": 1},
    "POST /requests/<pk>/deny/": DECISION,
    "POST /requests/<pk>/comments/": {"text": "Hello."},
    "POST /requests/<pk>/break-glass/": OPEN,
    "POST /requests/<pk>/second-look/": LOOK,
    "POST /grants/<pk>/revoke/": REASON,
    "POST /grants/<pk>/resume/": REASON,
    "POST /grants/<pk>/renew/": RENEW,
    "POST /recertification/answers/": lambda w, o: {
        "answers": [{"grant": w.the("asked_about", o).pk, "answer": "confirm"}]
    },
    "PUT /namespaces/<cluster>/<name>/default-deny/": JSON_SWITCH,
    "PUT /namespaces/<cluster>/<name>/network-policy/": JSON_SWITCH,
    "PUT /namespaces/<cluster>/<name>/owner/": {"team": ""},
    "PUT /clusters/<name>/settings/": {"enforcement": "sidecar"},
    "POST /clusters/<name>/brake/release/": {"digest": "0" * 64, **REASON},
    "POST /clusters/<name>/foreign/adopt/": lambda w, o: {
        "kind": "ServiceEntry",
        "namespace": w.the("foreign_object", o).namespace,
        "name": w.the("foreign_object", o).name,
        **_version(w, o),
    },
    "POST /delegations/": lambda w, o: {
        "delegate": "colleague",
        "ends_at": (timezone.now() + timedelta(days=1)).isoformat(),
        **REASON,
    },
    "POST /rule-books/": {"text": "rules: []"},
    "PUT /rule-books/<pk>/": {"text": "rules: []"},
    "POST /rule-books/<pk>/put-in-force/": {"digest": "0" * 64},
    "POST /rule-books/<pk>/reject/": {"note": "No."},
    "POST /webhooks/": JSON_HOOK,
    "PUT /webhooks/<pk>/": {**JSON_HOOK, "url": ""},
}
"""Bodies by the row of the table."""

QUERIES = {
    "/access-check/": lambda w, o: {
        "cluster": w.place(o).cluster.name,
        "namespace": w.place(o).name,
        "host": "api.example.com",
        "port": 443,
    },
    "/access-history/": {"host": "api.example.com"},
    "suggestions": {"of": "namespaces"},
    "request-options": {"of": "namespaces"},
    "style-toast": {"tone": "good"},
    "access-history-csv": {"host": "api.example.com"},
    "access-history-ndjson": {"host": "api.example.com"},
}
"""What addresses need behind a question mark to be read."""

KINDS = {
    "requests": "request",
    "queue": "request",
    "grants": "grant",
    "robots": "robot",
    "tokens": "token",
    "delegations": "delegation",
    "people": "person",
    "roles": "binding",
    "teams": "group",
    "notifications": "notification",
    "sessions": "session",
    "channels": "channel",
    "webhooks": "webhook",
    "rule-books": "draft",
    "keys": "token",
}
"""Which objects a number in an address means, by the word before it."""
OTHER_KINDS = {
    "grant-resume": "suspended",
    "/grants/<pk>/resume/": "suspended",
    "grant-apply": "drifted",
    "request-second-look": "opened",
    "/requests/<pk>/second-look/": "opened",
    "grant-confirm": "asked_about",
    "/grants/<pk>/confirm/": "asked_about",
    "grant-drop": "asked_about",
    "/grants/<pk>/drop/": "asked_about",
    "person-reactivate": "closed",
    "queue-filter-remove": "filter",
    "rule-book-force": "proposal",
    "/rule-books/<pk>/put-in-force/": "proposal",
}
"""Addresses that are about another kind."""


def path_of(route: Route, world: World, whose: str) -> str:
    """Return the address that leads to an object of somebody."""
    place = world.place(whose)
    values: dict[str, str] = {
        "cluster": place.cluster.name,
        "namespace": place.name,
        "name": place.name if "slug:cluster" in route.place else place.cluster.name,
        "uid": world.the("foreign_object", whose).uid,
        "sequence": str(world.the("event", whose).pk),
        "token": str(world.the("robot_token", whose).pk),
        "message": str(world.the("message", whose).pk),
        "check": "PF1",
        "provider_id": "corp",
        "object_id": "999999",
        "app_label": "egress",
        "content_type_id": "999999",
        "url": "nowhere",
    }
    if route.place.startswith("catalogue/"):
        values["name"] = world.the("preset", whose).name
    if {"pk", "number"} & set(route.parameters):
        words = route.place.split("/")
        before = words[
            next(i for i, word in enumerate(words) if ":pk>" in word or ":number>" in word) - 1
        ]
        row = world.the(OTHER_KINDS.get(route.key, KINDS.get(before, "")), whose)
        values["pk"] = str(getattr(row, "number", row.pk))
        values["number"] = values["pk"]
    return route.path(values)


def query_of(route: Route, world: World, whose: str) -> Mapping[str, Any]:
    """Return what stands behind the question mark."""
    return _called(QUERIES.get(route.key, {}), world, whose)


def body_of(route: Route, method: str, world: World, whose: str) -> Mapping[str, Any]:
    """Return what is sent."""
    bodies = API.get(f"{method} {route.key}", {}) if route.is_api else PAGES.get(route.key, {})
    return _called(bodies, world, whose)


def _called(body: Any, world: World, whose: str) -> Mapping[str, Any]:
    said: Mapping[str, Any] = body(world, whose) if callable(body) else body
    return said
