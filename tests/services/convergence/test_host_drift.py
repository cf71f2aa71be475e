"""Drift and the brake, for what lies in the egress namespace."""

import pytest

from egress.cluster import kinds
from egress.domain.naming import door_name, mesh_name
from egress.models import Delivery, DeliveryStep, Grant, Slice
from tests.services.convergence.behind_gateway import (
    EGRESS,
    HOST,
    get,
    has_door,
    identities,
)
from tests.services.live_mesh import answer, live_mesh
from tests.services.world import World


def test_hand_edits_of_a_door_are_found_and_put_right(gated: World) -> None:
    gated.deliver(HOST, "shop")
    gateway = get(gated, kinds.GATEWAY, door_name(HOST, 443))
    assert gateway is not None
    server = gateway["spec"]["servers"][0]
    everybody = {**server, "tls": {"mode": "ISTIO_MUTUAL"}}
    gated.sandbox.patch(gateway, {"spec": {"servers": [everybody]}}, manager="kubectl-edit")
    assert live_mesh(gated).anomalies()
    assert gated.search() == 1
    assert gated.host_slice(HOST).cause.count("kubectl-edit") == 1
    gated.converge()
    assert identities(gated) == ["default", "web"]
    assert Grant.objects.get().drifted_at is None
    assert gated.search() == 0


def test_a_host_object_without_labels_is_found_by_its_name(gated: World) -> None:
    gated.deliver(HOST, "shop")
    route = get(gated, kinds.VIRTUAL_SERVICE, mesh_name(HOST))
    assert route is not None
    gone = dict.fromkeys(route["metadata"]["labels"])
    gated.sandbox.patch(route, {"metadata": {"labels": gone}})
    assert gated.search() == 1
    gated.converge()
    healed = get(gated, kinds.VIRTUAL_SERVICE, mesh_name(HOST))
    assert healed is not None
    assert healed["metadata"]["labels"] == route["metadata"]["labels"]


def test_what_an_operator_laid_down_is_no_drift(gated: World) -> None:
    assert len(gated.objects(kinds.AUTHORIZATION_POLICY, EGRESS)) == 2
    assert gated.search() == 0
    assert not Slice.objects.filter(key=f"namespace:{EGRESS}").exists()


@pytest.mark.parametrize("is_known", [True, False])
def test_a_copy_with_our_labels_is_shown_once_and_left_alone(gated: World, is_known: bool) -> None:
    gated.deliver(HOST, "shop")
    route = get(gated, kinds.VIRTUAL_SERVICE, mesh_name(HOST))
    assert route is not None
    labels = dict(route["metadata"]["labels"])
    if not is_known:
        labels["egress-portal.io/base"] = "eg-somewhere-else-0123456789"
    metadata = {"name": "copied", "namespace": EGRESS, "labels": labels}
    gated.sandbox.put({**route, "metadata": metadata, "status": None} | {"status": {}})
    for _ in range(2):
        assert gated.search() == 1
        assert gated.converge() == 0
    assert gated.tags().count("drift:found") == 1
    row = gated.host_slice(HOST) if is_known else gated.slice(EGRESS)
    assert row.problem_reason == "Drifted"
    assert get(gated, kinds.VIRTUAL_SERVICE, "copied") is not None


def test_grants_that_vanished_from_the_database_do_not_close_their_doors(gated: World) -> None:
    for number in range(4):
        gated.approve(f"api-{number}.example.com", "shop")
    gated.settle(2)
    doors = gated.objects(kinds.GATEWAY, EGRESS)
    Grant.objects.all().delete()
    assert gated.search() == 0
    assert gated.objects(kinds.GATEWAY, EGRESS) == doors
    assert "sweep:braked" in gated.tags()
    gated.mark("shop")
    Slice.objects.update(wanted=50)
    gated.settle(2)
    assert DeliveryStep.objects.filter(explained=False).count() <= 10
    left = [number for number in range(4) if has_door(gated, f"api-{number}.example.com")]
    assert len(left) >= 2
    for number in left:
        assert answer(gated, "shop", "web", f"api-{number}.example.com", 443, "TLS")


def test_people_may_revoke_as_many_hosts_as_they_like(gated: World) -> None:
    grants = [gated.approve(f"api-{number}.example.com", "shop") for number in range(14)]
    gated.settle(2)
    for grant in grants:
        gated.revoke(grant)
    gated.settle(2)
    assert Grant.objects.filter(confirmed_at=None).count() == 0
    assert not Delivery.objects.filter(steps__explained=False).exists()
    assert "sweep:braked" not in gated.tags()
