"""What happens in the crash runs: each entry is one scene."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from egress.models import Grant, Namespace, Person, ServiceAccount
from egress.services.actor import Actor
from egress.services.grants import resume
from tests.faults.scenes import Call, Scene
from tests.services.world import World

A, B, C = "api.example.com", "www.example.com", "old.example.com"


def grant_of(world: World, host: str, namespace: str = "shop") -> Grant:
    """Return the newest grant of a namespace to a host."""
    return Grant.objects.filter(namespace=namespace, host=host).latest("pk")


def account(world: World, namespace: str = "shop") -> ServiceAccount:
    return world.namespace(namespace).service_accounts.get(name="web", gone_at=None)


def one(world: World) -> None:
    world.approve(A)


def another(world: World) -> None:
    world.approve(B)


def three(world: World) -> None:
    world.approve(A)
    world.approve(A, port=8443)
    world.approve(B, "data", 80, "HTTP", tls_origination=True)


def two(world: World) -> None:
    world.approve(A)
    world.approve(A, port=8443)


def revoke_first(world: World) -> None:
    world.revoke(Grant.objects.earliest("pk"))


def revoke_all(world: World) -> None:
    for grant in Grant.objects.order_by("pk"):
        world.revoke(grant)


def time_is_over(world: World) -> None:
    Grant.objects.filter(host=A).update(expires_at=timezone.now() - timedelta(seconds=1))


def with_account(world: World) -> None:
    world.approve(A, service_account=account(world))
    world.approve(B)


def object_named(kind: str, name: str, namespace: str = "") -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def account_remade(world: World) -> None:
    world.sandbox.remove(object_named("ServiceAccount", "web", "shop"))
    world.sandbox.account("shop", "web")


def namespace_gone(world: World) -> None:
    world.sandbox.remove(object_named("Namespace", "shop"))


def account_comes(world: World) -> None:
    world.sandbox.account("shop", "batch")


def suspended(world: World) -> None:
    with_account(world)
    world.converge()
    account_remade(world)
    world.sync()
    world.settle(2)


def resumed(world: World) -> None:
    alice = Person.objects.get(username="alice")
    resume(grant=grant_of(world, A), actor=Actor.of(alice, "web"), reason="Ours again.")


def deny(world: World) -> None:
    Namespace.objects.filter(name="shop").update(default_deny=True, default_deny_at=timezone.now())
    world.mark("shop")


def allow(world: World) -> None:
    Namespace.objects.filter(name="shop").update(default_deny=False, default_deny_at=timezone.now())
    world.mark("shop")


def police(world: World) -> None:
    Namespace.objects.filter(name="shop").update(
        network_policy=True, network_policy_at=timezone.now()
    )
    world.mark("shop")


def police_no_more(world: World) -> None:
    Namespace.objects.filter(name="shop").update(
        network_policy=False, network_policy_at=timezone.now()
    )
    world.mark("shop")


def both(world: World) -> None:
    world.approve(A)
    world.approve(A, "data")


def in_data_too(world: World) -> None:
    world.approve(A, "data")


def http(world: World) -> None:
    world.approve(A, "shop", 80, "HTTP")


def originated(world: World) -> None:
    world.approve(A, "shop", 80, "HTTP", tls_origination=True)


def tcp(world: World) -> None:
    world.approve(A, "shop", 5432, "TCP")


def wildcard(world: World) -> None:
    world.approve("*.example.com")


def alias(world: World) -> None:
    world.approve(A, "shop", 80, "HTTP", alias="old-api")


def changes_hands(world: World) -> None:
    world.revoke(grant_of(world, A))
    world.approve(A, "data")


def edited_by_hand(world: World) -> None:
    entry = world.entry(A)
    assert entry is not None
    port = {"number": 9443, "name": "tls-9443", "protocol": "TLS"}
    ports = [*entry["spec"]["ports"], port]
    world.sandbox.patch(entry, {"spec": {"ports": ports}}, manager="kubectl-edit")


def deleted_by_hand(world: World) -> None:
    entry = world.entry(A)
    assert entry is not None
    world.sandbox.remove(entry)


def many(world: World) -> None:
    for number in range(13):
        world.approve(f"api-{number:02}.example.com")


def rows_lost(world: World) -> None:
    Grant.objects.filter(host__startswith="api-").exclude(host="api-12.example.com").delete()
    world.approve(B)


def comes_and_goes(world: World) -> None:
    world.revoke(grant_of(world, A))
    world.approve(C)


def submission(host: str) -> dict[str, Any]:
    return {
        "cluster": "sandbox",
        "namespace": "shop",
        "reason": "A partner's API",
        "duration_days": 30,
        "destinations": [{"host": host, "port": 443, "protocol": "TLS"}],
    }


APPROVAL = Call("alice", "requests/{0}/approve/", {"revision": 1})
REVOKE = Call("adam", "grants/1/revoke/", {"reason": "No longer needed."})
RENEWAL = Call("dana", "grants/1/renew/", {"reason": "Still needed.", "duration_days": 60})

SCENES: tuple[Scene, ...] = (
    Scene("first-grant", one),
    Scene("second-grant", another, one),
    Scene("three-grants", three),
    Scene("one-of-two-revoked", revoke_first, two),
    Scene("last-revoked", revoke_all, one),
    Scene("expiry", time_is_over, both),
    Scene("account-remade", account_remade, with_account, "gateway", steps=("sync", "sweep")),
    Scene("resumed", resumed, suspended, "gateway"),
    Scene("namespace-deleted", namespace_gone, both, steps=("sync", "sweep")),
    Scene("account-comes", account_comes, one, "gateway", steps=("sync", "sweep")),
    Scene("default-deny-on", deny, one, denied=False),
    Scene("default-deny-off", allow, one),
    Scene("network-policy-on", police, one, "gateway"),
    Scene("gateway-first", one, enforcement="gateway"),
    Scene("gateway-second-namespace", in_data_too, one, "gateway"),
    Scene("gateway-http", http, enforcement="gateway"),
    Scene("gateway-origination", originated, enforcement="gateway"),
    Scene("gateway-tcp", tcp, enforcement="gateway"),
    Scene("gateway-one-of-two-revoked", revoke_first, both, "gateway"),
    Scene("gateway-last-revoked", revoke_all, http, "gateway"),
    Scene("ambient-grant", one, enforcement="ambient"),
    Scene("ambient-revoke", revoke_first, both, "ambient"),
    Scene("wildcard", wildcard),
    Scene("alias", alias),
    Scene("central-changes-hands", changes_hands, one, central=True),
    Scene("drift-edit", edited_by_hand, two, searched=True),
    Scene("drift-deletion", deleted_by_hand, two, searched=True),
    Scene("comes-and-goes", comes_and_goes, one),
    Scene("brake", rows_lost, many, may_stay=frozenset({"Brake"})),
    Scene("posture", one, steps=("posture", "sweep")),
    Scene("cluster-away", comes_and_goes, one, away=True),
    Scene("bell-rung", comes_and_goes, one, rung=True),
    Scene("web-request", calls=(Call("dana", "requests/", submission(A)), APPROVAL)),
    Scene("web-revoke", before=one, calls=(REVOKE,)),
    Scene(
        "web-renewal",
        before=one,
        calls=(RENEWAL, Call("alice", "requests/{0}/approve/", {"revision": 1})),
    ),
)


def scene_named(name: str) -> Scene:
    """Return a scene. Raises KeyError."""
    return {scene.name: scene for scene in SCENES}[name]
