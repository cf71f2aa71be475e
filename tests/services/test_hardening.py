"""Default deny is looked at, decided, applied and seen."""

from typing import Any

import pytest
from django.contrib.auth.models import Group

from egress.cluster import kinds
from egress.models import AuditEvent, Namespace, Person
from egress.services import hardening
from egress.services.actor import Actor
from egress.services.errors import Conflict, NotAllowed, Refused
from tests import factories
from tests.services.world import World, foreign_entry


def sidecar(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
    }


def switch(
    world: World, on: bool, who: Person | None = None, reason: str = "We are ready."
) -> None:
    shop = world.namespace("shop")
    preview = hardening.preview_default_deny(namespace=shop, on=on)
    actor = Actor.of(who or world.admin, "web")
    hardening.set_default_deny(
        namespace=shop, on=on, actor=actor, reason=reason, digest=preview.digest
    )


def test_the_preview_shows_the_diff_and_what_stops(world: World) -> None:
    world.deliver("applied.example.com")
    world.approve("waiting.example.com")
    preview = hardening.preview_default_deny(namespace=world.namespace("shop"), on=True)
    assert "+  outboundTrafficPolicy:" in preview.diff
    assert "outside the registry" in preview.would_stop[0]
    assert any("waiting.example.com" in sentence for sentence in preview.would_stop)
    assert not any("applied.example.com" in sentence for sentence in preview.would_stop)
    assert preview.blocked == ()


def test_the_preview_names_what_goes_on_and_what_is_not_affected(world: World) -> None:
    world.sandbox.put(foreign_entry("sftp", "sftp.partner.example"))
    world.sandbox.put(foreign_entry("hidden", "hidden.example", "data"))
    selecting = sidecar("batch", {"workloadSelector": {"labels": {"app": "batch"}}, **ALLOW})
    world.sandbox.put(selecting)
    Namespace.objects.filter(name="shop").update(uninjected_pods=["naked-pod"])
    notes = " ".join(
        hardening.preview_default_deny(namespace=world.namespace("shop"), on=True).notes
    )
    assert "sftp.partner.example" in notes
    assert "hidden.example" not in notes
    assert "naked-pod" in notes
    assert "shop/batch" in notes


ALLOW = {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}


@pytest.mark.parametrize("name", ["default", "of-the-team"])
def test_a_foreign_sidecar_of_the_whole_namespace_blocks_it(world: World, name: str) -> None:
    world.sandbox.put(sidecar(name, ALLOW))
    preview = hardening.preview_default_deny(namespace=world.namespace("shop"), on=True)
    assert f"shop/{name}" in preview.blocked[0]
    with pytest.raises(Refused, match=name):
        switch(world, on=True)
    assert not world.namespace("shop").default_deny


def test_the_owning_team_switches_it_on_and_it_is_enforced(world: World) -> None:
    switch(world, on=True, who=world.requester)
    shop = world.namespace("shop")
    assert shop.default_deny
    assert shop.default_deny_by == "dana"
    assert not shop.default_deny_enforced
    world.converge()
    assert world.namespace("shop").default_deny_enforced
    assert world.objects(kinds.SIDECAR) == ["default"]
    event = AuditEvent.objects.get(tag="namespace:default-deny-set")
    assert event.data == {"before": False, "after": True, "reason": "We are ready."}


def test_a_stranger_may_not_switch_it_on(world: World) -> None:
    with pytest.raises(NotAllowed):
        switch(world, on=True, who=factories.person("pavel", teams=["team-payments"]))


def test_only_an_admin_switches_it_off_and_says_why(world: World) -> None:
    switch(world, on=True)
    world.converge()
    with pytest.raises(NotAllowed):
        switch(world, on=False, who=world.requester)
    for reason, said in (("  ", "Say why"), ("\u202egnihton", "invisible character")):
        with pytest.raises(Refused, match=said):
            switch(world, on=False, reason=reason)
    switch(world, on=False, reason="An outage.")
    world.converge()
    assert world.objects(kinds.SIDECAR) == []
    assert not world.namespace("shop").default_deny_enforced


def test_a_preview_that_is_no_longer_true_decides_nothing(world: World) -> None:
    shop = world.namespace("shop")
    preview = hardening.preview_default_deny(namespace=shop, on=True)
    world.approve("waiting.example.com")
    with pytest.raises(Conflict, match="changed since"):
        hardening.set_default_deny(
            namespace=shop,
            on=True,
            actor=Actor.of(world.admin, "web"),
            reason="",
            digest=preview.digest,
        )
    assert not world.namespace("shop").default_deny


def test_pods_that_come_and_go_do_not_make_a_preview_untrue(world: World) -> None:
    shop = world.namespace("shop")
    before = hardening.preview_default_deny(namespace=shop, on=True)
    Namespace.objects.filter(name="shop").update(uninjected_pods=["another-pod"])
    after = hardening.preview_default_deny(namespace=world.namespace("shop"), on=True)
    assert after.notes != before.notes
    assert after.digest == before.digest


def test_what_is_decided_already_is_a_conflict(world: World) -> None:
    switch(world, on=True)
    with pytest.raises(Conflict):
        switch(world, on=True)


def test_an_ambient_namespace_is_told_what_closes_it_instead(world: World) -> None:
    Namespace.objects.filter(name="shop").update(enforcement="gateway")
    assert hardening.preview_default_deny(namespace=world.namespace("shop"), on=True).blocked == ()
    Namespace.objects.filter(name="shop").update(enforcement="ambient")
    preview = hardening.preview_default_deny(namespace=world.namespace("shop"), on=True)
    assert "network policy" in preview.blocked[0]


@pytest.mark.parametrize(
    ("enforcement", "closes"),
    [
        ("sidecar", "private and link-local"),
        ("gateway", "does not take the egress gateway"),
        ("ambient", "does not take the waypoint"),
    ],
)
def test_the_network_policy_says_what_it_closes(
    world: World, enforcement: str, closes: str
) -> None:
    Namespace.objects.filter(name="shop").update(enforcement=enforcement)
    shop = world.namespace("shop")
    preview = hardening.preview_network_policy(namespace=shop, on=True)
    assert closes in preview.would_stop[0]
    assert "kind: NetworkPolicy" in preview.diff
    guardrail = any("Only the egress gateway is a boundary" in note for note in preview.notes)
    assert guardrail == (enforcement == "sidecar")


def test_the_network_policy_is_decided_applied_and_taken_back(world: World) -> None:
    actor = Actor.of(world.admin, "web")
    for on in (True, False):
        shop = world.namespace("shop")
        preview = hardening.preview_network_policy(namespace=shop, on=on)
        hardening.set_network_policy(
            namespace=shop, on=on, actor=actor, reason="Decided.", digest=preview.digest
        )
        world.converge()
        assert world.objects(kinds.NETWORK_POLICY) == (["egress-portal"] if on else [])
        assert world.namespace("shop").network_policy_enforced is on
    assert AuditEvent.objects.filter(tag="namespace:network-policy-set").count() == 2


def test_an_actor_without_a_person_decides_nothing(world: World) -> None:
    shop = world.namespace("shop")
    with pytest.raises(NotAllowed):
        hardening.set_default_deny(
            namespace=shop, on=True, actor=Actor.system("robot"), reason="", digest=""
        )
    assert Group.objects.filter(name="team-shop").exists()
