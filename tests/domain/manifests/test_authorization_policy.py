"""The AuthorizationPolicies of the egress gateway."""

from egress.domain.access import ClusterProfile, GatewayProfile
from egress.domain.manifests.authorization_policy import default_deny, handshake, host_policy

CLUSTER = ClusterProfile("portal-a")
MAIN = GatewayProfile(label="way-out", http_container_port=18080, tls_container_port=18443)
WEB, ETL = "cluster.local/ns/shop/sa/web", "cluster.local/ns/data/sa/*"


def test_each_port_has_a_rule_with_its_own_principals_and_authorities() -> None:
    policy = host_policy(
        CLUSTER, MAIN, host="api.example.com", principals={8080: [WEB], 80: [WEB, ETL, WEB]}
    )
    assert policy["spec"] == {
        "selector": {"matchLabels": {"istio": "way-out"}},
        "action": "ALLOW",
        "rules": [
            {
                "from": [{"source": {"principals": [ETL, WEB]}}],
                "to": [
                    {
                        "operation": {
                            "ports": ["18080"],
                            "hosts": ["api.example.com", "api.example.com:80"],
                        }
                    }
                ],
            },
            {
                "from": [{"source": {"principals": [WEB]}}],
                "to": [{"operation": {"ports": ["18080"], "hosts": ["api.example.com:8080"]}}],
            },
        ],
    }


def test_the_handshakes_policy_opens_the_doors_port_to_whom_a_door_admitted() -> None:
    assert handshake(CLUSTER, MAIN)["spec"] == {
        "selector": {"matchLabels": {"istio": "way-out"}},
        "action": "ALLOW",
        "rules": [
            {
                "from": [{"source": {"principals": ["*"]}}],
                "to": [{"operation": {"ports": ["18443"]}}],
            }
        ],
    }


def test_default_deny_is_empty_so_that_it_matches_every_chain_and_allows_nothing() -> None:
    assert default_deny(CLUSTER)["spec"] == {}
    assert default_deny(CLUSTER)["metadata"]["name"] == "default-deny"
