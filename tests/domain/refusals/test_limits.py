"""Grants beyond what one object holds are held back together, those beside them are not."""

from dataclasses import replace

import pytest

from egress.domain.access import Access, Enforcement, Protocol
from egress.domain.refusals import limits, sort_out
from tests.domain.examples import CLUSTER, grant, inventory, namespace, to
from tests.domain.refusals.examples import profile, reasons

HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP
SIDECAR, GATEWAY, AMBIENT = Enforcement.SIDECAR, Enforcement.GATEWAY, Enforcement.AMBIENT
A80, A443 = to("a.example.com", 80, HTTP), to("a.example.com", 443)


def accounts(count: int, name: str = "default") -> list[Access]:
    """HTTP grants of so many service accounts."""
    return [grant(A80, name, f"account-{number}") for number in range(count)]


@pytest.mark.parametrize("enforcement", [GATEWAY, AMBIENT])
def test_10_3_a_policy_names_at_most_1000_principals(enforcement: Enforcement) -> None:
    cluster = profile(enforcement)
    beside = grant(to("b.example.com", 80, HTTP))
    assert reasons(*accounts(1000), beside, cluster=cluster) == []
    accepted, (refusal,) = sort_out(cluster, inventory(), [*accounts(1001), beside])
    assert (refusal.reason, len(refusal.accesses)) == ("TooManyIdentities", 1001)
    assert accepted == [beside]


def test_10_3_each_trust_domain_counts_and_so_does_each_port() -> None:
    cluster = profile(GATEWAY, trust_domain_aliases=("old.example",))
    assert reasons(*accounts(500), cluster=cluster) == []
    assert reasons(*accounts(501), cluster=cluster) == ["TooManyIdentities"]
    other_port = [grant(replace(A80, port=8080), "default", f"account-{n}") for n in range(501)]
    assert reasons(*accounts(500), *other_port, cluster=profile(GATEWAY)) == ["TooManyIdentities"]


def test_10_3_doors_do_not_count_for_the_policy_of_their_host() -> None:
    doors = [grant(A443, "default", f"account-{number}") for number in range(700)]
    assert reasons(*accounts(700), *doors, cluster=profile(GATEWAY)) == []


def test_10_1_an_entry_has_at_most_256_ports() -> None:
    ports = [grant(to("a.example.com", 20000 + number)) for number in range(257)]
    assert reasons(*ports[:256]) == []
    assert reasons(*ports) == ["TooManyPorts"]
    elsewhere = [
        replace(one, subject=replace(one.subject, namespace="otherns")) for one in ports[128:]
    ]
    assert reasons(*ports[:129], *elsewhere) == []
    assert reasons(*ports[:129], *elsewhere, cluster=profile(GATEWAY)) == ["TooManyPorts"]


def test_11_3_the_doors_of_one_port_fit_into_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_DOOR_CHARACTERS", 200)
    many = {f"worker-{number}": "" for number in range(8)}
    known = inventory(namespace("default", service_accounts=many), namespace("otherns"))
    held = [grant(A443), grant(A443, "otherns", "billing")]
    beside = grant(to("a.example.com", 8443), "otherns", "billing")
    accepted, (refusal,) = sort_out(profile(GATEWAY), known, [*held, beside])
    assert (refusal.reason, set(refusal.accesses)) == ("TooManyIdentities", set(held))
    assert accepted == [beside]


@pytest.mark.parametrize("names", [["a"], ["a" * 50, "b"], ["a", "b", "c", "d"], ["a" * 9] * 3])
def test_11_3_one_character_too_many_counts_however_many_grants_share_a_door(
    monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    held = [grant(A443, "otherns", f"{name}{number}") for number, name in enumerate(names)]
    length = limits.door_characters(CLUSTER, inventory(), held)
    monkeypatch.setattr(limits, "MAX_DOOR_CHARACTERS", length)
    assert reasons(*held, cluster=profile(GATEWAY)) == []
    monkeypatch.setattr(limits, "MAX_DOOR_CHARACTERS", length - 1)
    assert reasons(*held, cluster=profile(GATEWAY)) == ["TooManyIdentities"]


def test_the_length_of_doors_is_that_of_their_identities() -> None:
    cluster = replace(CLUSTER, trust_domain_aliases=("old.example",))
    length = limits.door_characters(cluster, inventory(), [grant(A443, "otherns", "billing")])
    listed = [f"spiffe://{td}/ns/otherns/sa/billing" for td in ("cluster.local", "old.example")]
    assert length == sum(map(len, listed))


def test_more_addresses_than_a_slice_holds_are_no_one_service() -> None:
    addresses = [f"203.0.{number // 250}.{number % 250}/32" for number in range(1001)]
    named = [grant(replace(to(one, 5432, TCP), alias="old-db")) for one in addresses]
    assert reasons(*named[:1000]) == []
    assert reasons(*named) == ["AliasConflict"]
