"""A grant in one sentence."""

import pytest

from egress.domain.access import Access, Enforcement, Protocol
from egress.domain.sentences import sentence
from tests.domain.examples import CLUSTER, grant, inventory, namespace, to

YAHOO = to("developer.yahoo.com", 80, Protocol.HTTP, origination=True)


@pytest.mark.parametrize(
    ("access", "text"),
    [
        (
            grant(YAHOO, "otherns", "sleep-yahoo"),
            "Pods of `otherns` running as `sleep-yahoo` may reach `developer.yahoo.com:80` "
            "(HTTP; the sidecar speaks TLS to port 443).",
        ),
        (grant(to("a.example.com")), "All pods of `default` may reach `a.example.com:443` (TLS)."),
        (
            grant(to("a.example.com", 80, Protocol.HTTP)),
            "All pods of `default` may reach `a.example.com:80` (HTTP in clear text).",
        ),
        (
            grant(to("xn--bcher-kva.example.com")),
            "All pods of `default` may reach `xn--bcher-kva.example.com:443`, written "
            "bücher.example.com, (TLS).",
        ),
        (
            grant(to("203.0.113.0/24", 5432, Protocol.TCP)),
            "All pods of `default` may reach the addresses `203.0.113.0/24` on port 5432 (TCP).",
        ),
        (
            grant(to("*.example.com")),
            "All pods of `default` may reach every name below `example.com` on port 443 (TLS).",
        ),
    ],
)
def test_a_grant_is_one_sentence(access: Access, text: str) -> None:
    assert sentence(access, CLUSTER, inventory()) == text


def test_the_sentence_names_the_proxy_that_originates_tls() -> None:
    known = inventory(namespace("default", enforcement=Enforcement.GATEWAY))
    assert "the egress gateway speaks TLS" in sentence(grant(YAHOO), CLUSTER, known)
