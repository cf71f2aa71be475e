"""The Gateways on the egress gateway's pods."""

import pytest

from egress.domain.access import ClusterProfile, GatewayProfile
from egress.domain.manifests.gateway import doors, http_gateway
from egress.domain.naming import BASE_LABEL

CLUSTER = ClusterProfile("portal-a")
MAIN = GatewayProfile()
WEB = "spiffe://cluster.local/ns/shop/sa/web"


def test_the_entrance_for_http_lets_only_routes_of_its_own_namespace_bind() -> None:
    entrance = http_gateway(CLUSTER, MAIN)
    (server,) = entrance["spec"]["servers"]
    assert server["hosts"] == ["./*"]
    assert server["tls"] == {"mode": "ISTIO_MUTUAL"}
    assert BASE_LABEL not in entrance["metadata"]["labels"]


def test_doors_stand_in_the_order_of_their_namespaces() -> None:
    found = doors(
        CLUSTER,
        MAIN,
        host="api.example.com",
        port=443,
        identities={"shop": [WEB], "data": ["spiffe://cluster.local/ns/data/sa/etl"]},
    )
    assert [server["hosts"] for server in found["spec"]["servers"]] == [
        ["./p443.data.api.example.com"],
        ["./p443.shop.api.example.com"],
    ]
    assert found["metadata"]["labels"][BASE_LABEL] == "eg-api-example-com-d0c43d3885"


@pytest.mark.parametrize("identities", [{}, {"shop": []}, {"shop": [WEB], "data": []}])
def test_r_b16_a_door_that_would_admit_the_whole_mesh_is_never_built(
    identities: dict[str, list[str]],
) -> None:
    with pytest.raises(
        ValueError, match=r'"api\.example\.com" port 443 would admit every identity'
    ):
        doors(CLUSTER, MAIN, host="api.example.com", port=443, identities=identities)
