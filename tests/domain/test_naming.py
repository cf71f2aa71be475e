"""Names follow istio.md 1 to the letter, fit into Kubernetes, and never collide by accident."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress.domain import naming
from egress.domain.access import Protocol
from tests.domain.examples import CLUSTER

HOSTS = st.from_regex(
    r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?){1,8}", fullmatch=True
)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("developers.google.com", "eg-developers-google-com-1a7d7b4541"),
        ("archive.ubuntu.com", "eg-archive-ubuntu-com-a0f007d863"),
        ("developer.yahoo.com", "eg-developer-yahoo-com-7e36b32db6"),
        ("db.example.net", "eg-db-example-net-2dffb12c2d"),
    ],
)
def test_names_are_those_of_the_specification(host: str, name: str) -> None:
    assert naming.base(host) == name
    assert naming.origination_name(host) == f"{name}-orig"


def test_a_port_is_named_after_protocol_and_number() -> None:
    assert naming.port_name(Protocol.TLS, 443) == "tls-443"


@given(HOSTS)
def test_every_name_is_a_dns_label_and_a_label_value(host: str) -> None:
    for name in (naming.base(host), naming.origination_name(host), naming.base(f"*.{host}")):
        assert naming.is_dns_label(name)
        assert naming.is_label_value(name)


@given(HOSTS, HOSTS)
def test_different_hosts_have_different_names(one: str, other: str) -> None:
    assert (naming.base(one) == naming.base(other)) == (one == other)


def test_hosts_that_differ_only_in_punctuation_have_different_names() -> None:
    hosts = [
        "a.b.example.com",
        "a-b.example.com",
        "a.b-example.com",
        "*.b.example.com",
        "x" * 60 + ".a.com",
        "x" * 60 + ".b.com",
    ]
    assert len({naming.base(host) for host in hosts}) == len(hosts)


def test_the_labels_say_whose_object_it_is() -> None:
    assert naming.labels(CLUSTER, "db.example.net") == {
        "app.kubernetes.io/managed-by": "egress-portal",
        "egress-portal.io/installation": "portal-a",
        "egress-portal.io/base": "eg-db-example-net-2dffb12c2d",
    }


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a.b", "a_b", "a" * 64, "a\n", "ü"])
def test_what_kubernetes_refuses_is_no_namespace(text: str) -> None:
    assert not naming.is_dns_label(text)


@pytest.mark.parametrize(
    ("text", "valid"),
    [("my.account-1", True), ("a..b", False), ("a." * 130 + "a", False), (".a", False)],
)
def test_a_service_account_is_a_dns_subdomain(text: str, valid: bool) -> None:
    assert naming.is_dns_subdomain(text) is valid
