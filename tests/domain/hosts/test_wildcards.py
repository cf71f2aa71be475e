"""Which wildcards cover a name."""

import pytest

from egress.domain.hosts.wildcards import wildcards_above


@pytest.mark.parametrize(
    ("host", "above"),
    [
        ("a.b.example.com", ("*.b.example.com", "*.example.com", "*.com")),
        ("*.b.example.com", ("*.example.com", "*.com")),
        ("com", ()),
        ("*.com", ()),
        ("203.0.113.0/24", ()),
        ("2001:db8::/48", ()),
    ],
)
def test_a_name_lies_below_every_wildcard_of_its_parents(host: str, above: tuple[str, ...]) -> None:
    assert wildcards_above(host) == above
