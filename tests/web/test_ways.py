"""By which way grants of a namespace are carried out, and whether that is a boundary."""

import pytest

from egress.domain.access import Enforcement
from egress.domain.posture import Level, Row, Scope
from egress.models import Cluster, Namespace, Person
from egress.models.standing import standing_of
from egress.web.ways import way_for, way_in, way_of
from tests import factories
from tests.web.browsing import get, post, typed, words

pytestmark = pytest.mark.django_db
DOOR = Row("PF2", Level.REVIEW, Scope.CLUSTER, 'Gateway "shop/own" selects the pods.')


def way(cluster: Cluster, enforcement: str, **fields: bool) -> tuple[str, str, bool]:
    found = way_of(factories.namespace(cluster, "elsewhere", enforcement=enforcement, **fields))
    return found.title, found.means.partition(":")[0], found.is_closed


def test_sidecars_are_a_guardrail_whatever_is_switched_on(cluster: Cluster) -> None:
    on = {"default_deny": True, "network_policy": True, "network_policy_enforced": True}
    assert way(cluster, "sidecar", **on) == (
        "By the sidecar of each pod",
        "A guardrail, not a boundary",
        True,
    )


def test_the_gateway_is_a_boundary_once_the_network_policy_is_in_force(cluster: Cluster) -> None:
    row = factories.namespace(cluster, enforcement="gateway", network_policy=True)
    assert way_of(row).means.startswith("Not a boundary while the network policy")
    row.network_policy_enforced = True
    assert way_of(row).means.startswith("A boundary")
    assert not way_of(row).is_closed, "only default deny closes it"


def test_a_posture_that_shows_a_way_past_the_gateway_is_told(cluster: Cluster) -> None:
    cluster.posture = [DOOR.as_json()]
    cluster.save()
    on = {"network_policy": True, "network_policy_enforced": True}
    assert way(cluster, "gateway", **on)[1] == "Not a boundary"
    assert "posture" in way_of(cluster.namespaces.get(name="elsewhere")).means


def test_in_the_ambient_mesh_only_the_network_policy_closes_a_namespace(cluster: Cluster) -> None:
    row = factories.namespace(cluster, enforcement="ambient", default_deny=True)
    assert not way_of(row).is_closed
    row.network_policy = True
    assert way_of(row).is_closed


def test_a_namespace_without_a_choice_goes_the_way_of_its_cluster(shop: Namespace) -> None:
    assert way_of(shop).enforcement is Enforcement.SIDECAR
    Cluster.objects.filter(pk=shop.cluster_id).update(enforcement="gateway")
    found = way_in(shop.cluster, "shop")
    assert found is not None
    assert found.enforcement is Enforcement.GATEWAY
    assert way_in(shop.cluster, "nowhere") is None


def test_nobody_learns_the_way_of_somebody_elses_namespace(
    owner: Person, stranger: Person, shop: Namespace
) -> None:
    assert way_for(standing_of(owner), "main", "shop") is not None
    assert way_for(standing_of(stranger), "main", "shop") is None
    assert way_for(standing_of(owner), "main", "sh\0op") is None


@pytest.mark.parametrize(
    ("enforcement", "sentence"),
    [
        ("sidecar", "By the sidecar of each pod. A guardrail, not a boundary"),
        ("gateway", "Through the egress gateway. Not a boundary while"),
        ("ambient", "Through the waypoint. Not a boundary while"),
    ],
)
def test_the_form_and_the_request_tell_the_way_in_one_sentence(
    owner: Person, alice: Person, shop: Namespace, enforcement: str, sentence: str
) -> None:
    Namespace.objects.filter(pk=shop.pk).update(enforcement=enforcement)
    assert sentence in words(post(owner, "request-preview", data=typed(shop), htmx=True))
    asked = factories.request(shop, owner)
    assert sentence in words(get(owner, "request", asked.pk))
    granted = factories.grant(shop, owner, "granted.example.com")
    assert sentence in words(get(owner, "grant", granted.pk))
    assert sentence in words(get(owner, "namespace", "main", "shop"))
