"""Through the egress gateway: the four grants of istio.md 3.9, and every link of the chain."""

from typing import Any

import pytest

from egress.domain.access import Protocol, Subject
from tests.domain.explain.meshes import (
    HTTP,
    TCP,
    TLS,
    asked,
    changed,
    edit,
    four_grants,
    mesh,
    objects,
    reasons,
    without,
)

GOOGLE = ("developers.google.com", 443, TLS)
YAHOO = ("developer.yahoo.com", 80, HTTP)
UBUNTU = ("archive.ubuntu.com", 80, HTTP)
DB = ("db.example.net", 5432, TCP)
GRANTED = {
    ("default", GOOGLE),
    ("default/default", GOOGLE),
    ("default/web", GOOGLE),
    ("otherns/sleep-yahoo", YAHOO),
    ("default", UBUNTU),
    ("default/default", UBUNTU),
    ("default/web", UBUNTU),
    ("otherns/billing", DB),
}
SUBJECTS = [
    "default",
    "default/default",
    "default/web",
    "otherns",
    "otherns/default",
    "otherns/sleep-yahoo",
    "otherns/billing",
]


def test_the_four_grants_let_in_exactly_whom_they_name() -> None:
    found = mesh(four_grants())
    let_in = {
        (who, destination)
        for who in SUBJECTS
        for destination in (GOOGLE, YAHOO, UBUNTU, DB)
        if asked(found, who, *destination).allowed
    }
    assert let_in == GRANTED
    assert found.anomalies() == ()


def test_the_gateway_itself_admits_nobody_else_whatever_their_sidecars_do() -> None:
    found = mesh(four_grants())
    admitted = {
        (who, destination)
        for who in [*SUBJECTS, "stranger", "stranger/default"]
        for destination in (GOOGLE, YAHOO, UBUNTU, DB)
        if found.admits(Subject(*who.partition("/")[::2]), *destination).allowed
    }
    assert admitted == GRANTED


def test_an_account_nobody_has_made_yet_passes_a_policy_of_its_namespace_but_no_door() -> None:
    found = mesh(four_grants())
    assert asked(found, "default/later", *UBUNTU).allowed
    assert not asked(found, "default/later", *GOOGLE).allowed


def test_the_way_names_the_object_that_decides_at_each_hop() -> None:
    answer = asked(mesh(four_grants()), "default/web", *GOOGLE)
    assert [hop.place for hop in answer.path] == [
        *["workload", "sidecar", "sidecar", "sidecar", "sidecar"],
        *["gateway", "gateway", "gateway", "host"],
    ]
    assert [f"{key.kind} {key.name}" for key in answer.deciding] == [
        "Sidecar default",
        "ServiceEntry google",
        "VirtualService google-mesh",
        "DestinationRule client-default",
        "Gateway google-p443",
        "AuthorizationPolicy handshake",
        "VirtualService google-p443",
    ]


def test_http_and_tls_on_a_port_of_the_other_kind_are_not_understood() -> None:
    found = mesh(four_grants())
    assert not asked(found, "default", "archive.ubuntu.com", 80, TLS).allowed
    assert not asked(found, "default", "developers.google.com", 443, HTTP).allowed
    assert asked(found, "otherns/billing", "db.example.net", 5432, TLS).allowed


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ServiceEntry", "google"),
        ("Gateway", "google-p443"),
        ("VirtualService", "google-p443"),
        ("DestinationRule", "client-default"),
        ("AuthorizationPolicy", "handshake"),
    ],
)
def test_without_any_link_of_a_doors_chain_the_answer_is_no(kind: str, name: str) -> None:
    found = mesh(without(four_grants(), kind, name))
    assert not asked(found, "default/web", *GOOGLE).allowed
    assert reasons(found)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ServiceEntry", "yahoo"),
        ("Gateway", "egress-http"),
        ("VirtualService", "yahoo-http"),
        ("DestinationRule", "client-otherns"),
        ("DestinationRule", "yahoo-orig"),
        ("AuthorizationPolicy", "yahoo"),
    ],
)
def test_without_any_link_of_the_http_chain_the_answer_is_no(kind: str, name: str) -> None:
    assert not asked(
        mesh(without(four_grants(), kind, name)), "otherns/sleep-yahoo", *YAHOO
    ).allowed


def test_a_visible_port_without_a_route_is_a_direct_way_out_for_everybody() -> None:
    found = mesh(without(four_grants(), "VirtualService", "db-mesh"))
    answer = asked(found, "otherns/default", *DB)
    assert answer.allowed
    assert "gateway" not in {hop.place for hop in answer.path}
    assert "UnroutedPort" in reasons(found)


def test_a_port_added_to_an_entry_alone_is_a_direct_way_out() -> None:
    def add(entry: Any) -> None:
        entry["spec"]["ports"].append({"number": 8443, "name": "tls-8443", "protocol": "TLS"})

    found = mesh(changed(four_grants(), "ServiceEntry", "google", add))
    assert asked(found, "default/web", "developers.google.com", 8443, TLS).allowed
    assert "UnroutedPort" in reasons(found)


def test_a_door_with_an_empty_list_admits_every_identity_of_the_mesh() -> None:
    empty = edit("spec.servers.0.tls.subjectAltNames", [])
    found = mesh(changed(four_grants(), "Gateway", "db-p5432", empty))
    assert asked(found, "otherns/default", *DB).allowed
    assert found.admits(Subject("stranger", "default"), *DB).allowed
    assert "IdentitiesEmpty" in reasons(found)


def test_identities_are_compared_exactly() -> None:
    wide = edit("spec.servers.0.tls.subjectAltNames", ["spiffe://cluster.local/ns/otherns/sa/*"])
    found = mesh(changed(four_grants(), "Gateway", "db-p5432", wide))
    assert not asked(found, "otherns/billing", *DB).allowed


def test_a_principal_of_another_mesh_matches_nobody() -> None:
    foreign = edit("spec.rules.0.from.0.source.principals", ["corp.example/ns/default/sa/*"])
    found = mesh(changed(four_grants(), "AuthorizationPolicy", "ubuntu", foreign))
    assert not asked(found, "default", *UBUNTU).allowed
    assert "PrincipalMalformed" in reasons(found)


@pytest.mark.parametrize("name", ["", "p443.default.db.example.net"])
def test_a_subset_without_the_name_of_its_door_reaches_no_server(name: str) -> None:
    other = edit("spec.subsets.1.trafficPolicy.tls.sni", name)
    found = mesh(changed(four_grants(), "DestinationRule", "client-default", other))
    assert not asked(found, "default/web", *GOOGLE).allowed
    assert reasons(found) & {"SubsetWithoutSni", "SubsetLeadsNowhere"}


def test_a_rule_in_the_clients_own_namespace_hides_the_one_of_the_gateway() -> None:
    hiding = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "mine", "namespace": "default"},
        "spec": {"host": "*.svc.cluster.local", "exportTo": ["."]},
    }
    found = mesh([*four_grants(), hiding])
    assert not asked(found, "default/web", *GOOGLE).allowed
    assert asked(found, "otherns/billing", *DB).allowed


def test_without_policies_the_http_chain_is_open_to_everybody_behind_it() -> None:
    kept = [obj for obj in four_grants() if obj["kind"] != "AuthorizationPolicy"]
    found = mesh(kept)
    assert asked(found, "otherns/billing", *YAHOO).allowed
    assert {"DefaultDenyMissing", "HandshakeMissing"} <= reasons(found)


def test_another_allow_policy_in_the_root_namespace_opens_the_http_family_but_no_door() -> None:
    opening = {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "all", "namespace": "istio-system"},
        "spec": {"rules": [{}]},
    }
    found = mesh([*four_grants(), opening])
    assert asked(found, "otherns/billing", *YAHOO).allowed
    assert not asked(found, "otherns/default", *DB).allowed
    assert "PolicyOfTheRoot" in reasons(found)


def test_a_policy_with_a_target_does_not_attach_to_the_gateways_pods() -> None:
    def retarget(policy: Any) -> None:
        del policy["spec"]["selector"]
        policy["spec"]["targetRefs"] = [{"kind": "Gateway", "name": "egress-http"}]

    found = mesh(changed(four_grants(), "AuthorizationPolicy", "ubuntu", retarget))
    assert not asked(found, "default", *UBUNTU).allowed
    assert "PolicyTargetMissing" in reasons(found)


def test_a_dry_run_and_a_policy_of_another_namespace_decide_nothing() -> None:
    trial = edit("metadata.annotations", {"istio.io/dry-run": "true"})
    found = mesh(changed(four_grants(), "AuthorizationPolicy", "ubuntu", trial))
    assert not asked(found, "default", *UBUNTU).allowed
    away = edit("metadata.namespace", "default")
    found = mesh(changed(four_grants(), "AuthorizationPolicy", "ubuntu", away))
    assert not asked(found, "default", *UBUNTU).allowed


def test_a_foreign_gateway_that_selects_the_pods_opens_a_door_unless_istiod_forbids_it() -> None:
    found = objects("gateway-tcp")
    door, route = (
        changed(found, kind, "db-p5432", edit("metadata.namespace", "stranger"))
        for kind in ("Gateway", "VirtualService")
    )
    foreign_door = next(o for o in door if o["kind"] == "Gateway")
    foreign_route = next(o for o in route if o["metadata"]["namespace"] == "stranger")
    foreign_door["spec"]["servers"][0]["tls"]["subjectAltNames"] = []
    foreign_door["spec"]["servers"][0]["hosts"] = ["./own.door"]
    foreign_route["spec"] |= {"hosts": ["own.door"], "exportTo": ["*"]}
    foreign_route["spec"]["gateways"] = ["db-p5432"]
    planted = [*four_grants(), foreign_door, foreign_route]
    assert mesh(planted).admits(Subject("stranger", "default"), *DB).allowed
    assert "ForeignGateway" in reasons(mesh(planted))


def two_ports() -> list[Any]:
    """The four grants, and port 8080 of archive.ubuntu.com for otherns/billing."""

    def routes(obj: Any) -> None:
        (route,) = obj["spec"]["http"]
        names = {80: "(?i)archive\\.ubuntu\\.com(:80)?", 8080: "(?i)archive\\.ubuntu\\.com:8080"}
        obj["spec"]["http"] = [
            {
                **route,
                "match": [{"authority": {"regex": pattern}}],
                "route": [{"destination": {"host": "archive.ubuntu.com", "port": {"number": n}}}],
            }
            for n, pattern in names.items()
        ]

    def allow(obj: Any) -> None:
        operation = {"ports": ["8080"], "hosts": ["archive.ubuntu.com:8080"]}
        source = {"principals": ["cluster.local/ns/otherns/sa/billing"]}
        rule = {"from": [{"source": source}], "to": [{"operation": operation}]}
        obj["spec"]["rules"].append(rule)

    port = {"number": 8080, "name": "http-8080", "protocol": "HTTP"}
    found = changed(four_grants(), "VirtualService", "ubuntu-http", routes)
    found = changed(found, "ServiceEntry", "ubuntu", lambda obj: obj["spec"]["ports"].append(port))
    return changed(found, "AuthorizationPolicy", "ubuntu", allow)


def test_each_spelling_of_a_host_leads_to_the_port_that_was_granted() -> None:
    found, billing = mesh(two_ports()), Subject("otherns", "billing")
    assert found.admits(Subject("default"), *UBUNTU).allowed
    assert not found.admits(billing, *UBUNTU).allowed
    assert found.admits(billing, "archive.ubuntu.com", 8080, HTTP).allowed


def test_with_exact_matches_capitals_would_fall_through_to_another_port() -> None:
    def exact(obj: Any) -> None:
        first, second = obj["spec"]["http"]
        second["match"] = [{"authority": {"exact": "archive.ubuntu.com:8080"}}]
        del first["match"]
        obj["spec"]["http"] = [second, first]

    found = mesh(changed(two_ports(), "VirtualService", "ubuntu-http", exact))
    assert found.admits(Subject("otherns", "billing"), *UBUNTU).allowed
    assert "RouteForAnything" in reasons(found)


@pytest.mark.parametrize("protocol", [Protocol.GRPC, Protocol.HTTP2])
def test_all_of_the_http_family_use_one_port(protocol: Protocol) -> None:
    assert asked(mesh(four_grants()), "default", "archive.ubuntu.com", 80, protocol).allowed
