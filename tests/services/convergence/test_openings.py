"""What is compared to see that access is gone."""

import pytest

from egress.cluster.gateway import KubeObject
from egress.domain.lifecycle import GrantStatus
from egress.domain.objects import key_of
from egress.models import Namespace
from egress.services.convergence.grants import is_gone
from egress.services.convergence.openings import Opening, deciding_openings, openings_of
from tests import factories

HOST = "api.example.com"
WEB = "spiffe://cluster.local/ns/shop/sa/web"
OTHER = "spiffe://cluster.local/ns/shop/sa/other"


def made(kind: str, namespace: str = "istio-egress", **spec: object) -> KubeObject:
    group = "security" if kind == "AuthorizationPolicy" else "networking"
    return {
        "apiVersion": f"{group}.istio.io/v1",
        "kind": kind,
        "metadata": {"name": "one", "namespace": namespace},
        "spec": spec,
    }


def doors(*identities: str, namespace: str = "shop") -> KubeObject:
    tls = {"mode": "ISTIO_MUTUAL", "subjectAltNames": list(identities)}
    return made("Gateway", servers=[{"hosts": [f"./p443.{namespace}.{HOST}"], "tls": tls}])


def policy(principal: str, authority: str) -> KubeObject:
    rule = {
        "from": [{"source": {"principals": [principal]}}],
        "to": [{"operation": {"ports": ["8080"], "hosts": [authority]}}],
    }
    return made("AuthorizationPolicy", rules=[rule])


def entry(*exported: str, namespace: str = "istio-egress", port: int = 443) -> KubeObject:
    return made("ServiceEntry", namespace, exportTo=list(exported), ports=[{"number": port}])


OPEN = {
    "door lists the account": doors(WEB),
    "door with an empty list": doors(),
    "door without any tls": made("Gateway", servers=[{"hosts": ["*"]}]),
    "policy of the namespace": policy("cluster.local/ns/shop/sa/*", f"{HOST}:443"),
    "policy of the account": policy("cluster.local/ns/shop/sa/web", f"{HOST}:443"),
    "policy for everybody": policy("*", f"{HOST}:443"),
    "policy without operation": made("AuthorizationPolicy", rules=[{}]),
    "entry exported to the namespace": entry(".", "shop"),
    "entry exported to all": entry("*"),
    "entry without exportTo": made("ServiceEntry", ports=[{"number": 443}]),
    "entry of the namespace": entry(".", namespace="shop"),
}
SHUT = {
    "door of another account": doors(OTHER),
    "door of another namespace": doors("spiffe://cluster.local/ns/data/sa/web", namespace="data"),
    "policy for another port": policy("cluster.local/ns/shop/sa/web", f"{HOST}:8443"),
    "policy of another namespace": policy("cluster.local/ns/data/sa/*", f"{HOST}:443"),
    "entry that is hidden": entry("~"),
    "entry for the gateway alone": entry("."),
    "entry of another port": entry(".", "shop", port=8443),
    "route that is left": made("VirtualService", hosts=[HOST], exportTo=["shop"]),
}


@pytest.mark.parametrize("name", OPEN)
def test_a_revoke_is_not_confirmed_while_something_opens_its_access(
    shop: Namespace, name: str
) -> None:
    account = shop.service_accounts.get(name="web")
    grant = factories.grant(shop, host=HOST, service_account=account, status=GrantStatus.REVOKED)
    key = key_of(OPEN[name])
    assert not is_gone(grant, [key], {key: OPEN[name]}, {})
    assert is_gone(grant, [key], {key: OPEN[name]}, {key: OPEN[name]})


@pytest.mark.parametrize("name", SHUT)
def test_what_opens_something_else_does_not_hold_a_confirmation_up(
    shop: Namespace, name: str
) -> None:
    account = shop.service_accounts.get(name="web")
    grant = factories.grant(shop, host=HOST, service_account=account, status=GrantStatus.REVOKED)
    key = key_of(SHUT[name])
    assert is_gone(grant, [key], {key: SHUT[name]}, {})


def test_a_namespace_grant_is_gone_when_every_account_is_out_but_those_with_their_own(
    shop: Namespace,
) -> None:
    grant = factories.grant(shop, host=HOST, status=GrantStatus.REVOKED)
    live, wanted = doors(WEB, OTHER), doors(WEB)
    key = key_of(live)
    assert not is_gone(grant, [key], {key: live}, {key: wanted})
    assert is_gone(grant, [key], {key: wanted}, {key: wanted})


def test_a_waypoint_decides_by_its_policy_alone() -> None:
    bound = entry(".")
    bound["metadata"]["labels"] = {"istio.io/use-waypoint": "egress-waypoint"}
    assert deciding_openings(bound) == frozenset()
    assert openings_of(bound) == {Opening("entry", "", 443)}
