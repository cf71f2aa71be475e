"""In an ambient mesh the waypoint and the network decide: istio.md 5."""

from typing import Any

import pytest

from egress.domain.access import Subject
from tests.domain.explain.meshes import (
    AMBIENT,
    HTTP,
    TCP,
    TLS,
    asked,
    changed,
    mesh,
    objects,
    reasons,
    without,
)

YAHOO = ("developer.yahoo.com", 80, HTTP)
GOOGLE = ("developers.google.com", 443, TLS)
DB = ("db.example.net", 5432, TCP)


@pytest.mark.parametrize(
    ("who", "destination", "allowed"),
    [
        ("default", GOOGLE, True),
        ("default/later", GOOGLE, True),
        ("otherns", GOOGLE, False),
        ("otherns/sleep-yahoo", YAHOO, True),
        ("otherns/billing", YAHOO, False),
        ("otherns", YAHOO, False),
        ("otherns/billing", DB, True),
        ("default", DB, False),
        ("default", ("stranger.example", 443, TLS), False),
        ("default", ("developers.google.com", 8443, TLS), False),
    ],
)
def test_the_policy_of_an_entry_says_who_reaches_it(
    who: str, destination: tuple[str, int, Any], allowed: bool
) -> None:
    assert asked(mesh(objects("ambient"), AMBIENT), who, *destination).allowed is allowed


def test_faithful_entries_have_nothing_to_complain_about() -> None:
    assert mesh(objects("ambient"), AMBIENT).anomalies() == ()


def test_without_a_network_policy_everything_is_reachable_and_the_answer_says_why() -> None:
    found = mesh(without(objects("ambient"), "NetworkPolicy", "default/egress-portal"), AMBIENT)
    answer = asked(found, "default", "stranger.example", 443, TLS)
    assert answer.allowed
    assert answer.why == 'no network policy closes namespace "default"'
    assert not asked(found, "otherns", "stranger.example", 443, TLS).allowed


def test_a_network_policy_that_opens_the_internet_closes_nothing() -> None:
    def open_up(obj: Any) -> None:
        obj["spec"]["egress"].append({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]})

    found = mesh(
        changed(objects("ambient"), "NetworkPolicy", "default/egress-portal", open_up), AMBIENT
    )
    assert asked(found, "default", "stranger.example", 443, TLS).allowed
    assert "NetworkPolicyOpen" in reasons(found)


def test_an_entry_that_is_not_bound_leads_nowhere_behind_a_closed_network() -> None:
    def unbind(obj: Any) -> None:
        del obj["metadata"]["labels"]

    found = mesh(changed(objects("ambient"), "ServiceEntry", "google", unbind), AMBIENT)
    assert not asked(found, "default", *GOOGLE).allowed
    assert {"EntryNotBound", "PolicyTargetMissing"} <= reasons(found)


def test_an_entry_without_a_policy_is_closed_by_the_gateways_and_open_without_both() -> None:
    one = without(objects("ambient"), "AuthorizationPolicy", "db")
    assert not asked(mesh(one, AMBIENT), "otherns/billing", *DB).allowed
    both = without(one, "AuthorizationPolicy", "egress-waypoint-default-deny")
    assert asked(mesh(both, AMBIENT), "default", *DB).allowed
    assert {"PolicyMissing", "DefaultDenyMissing"} <= reasons(mesh(both, AMBIENT))


def test_a_policy_that_does_not_ask_for_the_name_is_an_anomaly() -> None:
    def forget(obj: Any) -> None:
        del obj["spec"]["rules"][0]["when"]

    found = mesh(changed(objects("ambient"), "AuthorizationPolicy", "google", forget), AMBIENT)
    assert reasons(found) == {"NameNotChecked"}


def test_http_rules_vanish_from_the_chain_of_another_protocol() -> None:
    def http_rule(obj: Any) -> None:
        obj["spec"]["rules"][0]["to"][0]["operation"]["hosts"] = ["developers.google.com"]

    found = mesh(changed(objects("ambient"), "AuthorizationPolicy", "google", http_rule), AMBIENT)
    assert not asked(found, "default", *GOOGLE).allowed


def test_a_second_entry_of_a_host_anywhere_in_the_mesh_is_an_anomaly() -> None:
    def move(obj: Any) -> None:
        obj["metadata"]["namespace"] = "default"

    found = objects("ambient")
    other = changed(found, "ServiceEntry", "google", move)
    second = next(
        o for o in other if o["metadata"]["namespace"] == "default" and "hosts" in o["spec"]
    )
    assert "EntryTwice" in reasons(mesh([*found, second], AMBIENT))


def test_the_waypoint_admits_identities_whatever_the_network_allows() -> None:
    kept = [obj for obj in objects("ambient") if obj["kind"] != "NetworkPolicy"]
    found = mesh(kept, AMBIENT)
    assert found.admits(Subject("otherns", "billing"), *DB).allowed
    assert not found.admits(Subject("default"), *DB).allowed
