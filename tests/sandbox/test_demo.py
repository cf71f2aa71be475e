"""The demo company is what the portal's guides and screenshots talk about."""

from __future__ import annotations

import pytest
import yaml

from egress.sandbox import demo
from egress.sandbox.schema import schema_of, validate
from egress.sandbox.store import Store
from tests.sandbox.calling import PORTAL_TOKEN, Call, an_api, in_process


@pytest.fixture(scope="module")
def company() -> Call:
    """Calls a sandbox with the demo company in it."""
    store = Store()
    demo.seed(store)
    return in_process(an_api(store))


def names(call: Call, path: str) -> set[str]:
    return {item["metadata"]["name"] for item in call("GET", path).body["items"]}


@pytest.mark.parametrize(
    ("namespace", "owner", "accounts"),
    [
        ("shop", "team-shop", {"web", "checkout"}),
        ("payments", "team-payments", {"api", "settlement"}),
        ("data", "team-data", {"etl", "reporting"}),
        ("search", "team-shop", {"indexer"}),
        ("marketing", "team-marketing", {"newsletter"}),
        ("legacy", "team-shop", {"batch"}),
        ("otherns", "team-data", {"sleep-yahoo", "billing"}),
    ],
)
def test_each_team_has_its_namespace_and_accounts(
    company: Call, namespace: str, owner: str, accounts: set[str]
) -> None:
    labels = company("GET", f"/api/v1/namespaces/{namespace}").body["metadata"]["labels"]
    assert labels["egress-portal.io/owner"] == owner
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    assert names(company, path) == accounts | {"default"}


def test_pods_have_a_proxy_where_their_namespace_is_injected(company: Call) -> None:
    proxied: dict[str, list[bool]] = {}
    for pod in company("GET", "/api/v1/pods").body["items"]:
        containers = [container["name"] for container in pod["spec"]["containers"]]
        found = proxied.setdefault(pod["metadata"]["namespace"], [])
        found.append("istio-proxy" in containers)
        assert pod["status"]["phase"] == "Running"
    assert all(proxied["shop"] + proxied["search"] + proxied["istio-egress"])
    assert not any(proxied["legacy"] + proxied["monitoring"])
    assert sorted(proxied["marketing"]) == [False, True]


def test_the_mesh_can_be_read_by_the_portal(company: Call) -> None:
    path = "/apis/apps/v1/namespaces/istio-system/deployments/istiod"
    istiod = company("GET", path, token=PORTAL_TOKEN).body
    assert istiod["spec"]["template"]["spec"]["containers"][0]["image"].endswith("/pilot:1.30.2")
    path = "/api/v1/namespaces/istio-system/configmaps/istio"
    mesh = yaml.safe_load(company("GET", path, token=PORTAL_TOKEN).body["data"]["mesh"])
    assert mesh["outboundTrafficPolicy"] == {"mode": "ALLOW_ANY"}
    assert mesh["defaultConfig"]["proxyMetadata"] == {"ISTIO_META_DNS_CAPTURE": "true"}


def test_the_gateway_has_the_ports_that_its_doors_need(company: Call) -> None:
    path = "/api/v1/namespaces/istio-egress/services/egressgateway"
    ports = company("GET", path).body["spec"]["ports"]
    assert [(p["name"], p["port"], p["targetPort"]) for p in ports] == [
        ("http2", 80, 8080),
        ("tls", 443, 8443),
    ]


def test_the_foreign_entry_is_not_the_portals(company: Call) -> None:
    path = "/apis/networking.istio.io/v1/namespaces/data/serviceentries/sftp-partner"
    found = company("GET", path)
    assert ("kubectl-client-side-apply", "Update", "") in found.managers
    assert "app.kubernetes.io/managed-by" not in found.body["metadata"]["labels"]
    assert found.body["status"]["addresses"]


def test_every_object_of_the_demo_is_valid(company: Call) -> None:
    checked = 0
    for group in company("GET", "/apis").body["groups"]:
        if group["name"] in ("authorization.k8s.io", "authentication.k8s.io"):
            continue
        base = f"/apis/{group['preferredVersion']['groupVersion']}"
        checked += _check(company, base, group["name"])
    assert checked + _check(company, "/api/v1", "") > 60


def _check(call: Call, base: str, group: str) -> int:
    count = 0
    for resource in call("GET", base).body["resources"]:
        if "list" not in resource["verbs"] or resource["kind"] == "CustomResourceDefinition":
            continue
        for item in call("GET", f"{base}/{resource['name']}").body["items"]:
            assert validate(schema_of(group, resource["kind"]), item) == []
            count += 1
    return count
