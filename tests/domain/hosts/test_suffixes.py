"""Who owns a name, by the Public Suffix List."""

import pytest

from egress.domain.hosts import is_public_suffix, registrable_domain, shared_suffix
from egress.domain.hosts.suffixes import covers_suffixes, has_public_top_level, is_registry_suffix


@pytest.mark.parametrize("host", ["com", "co.uk", "github.io"])
def test_strangers_register_below_a_public_suffix(host: str) -> None:
    assert is_public_suffix(host)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("x.github.io", "x.github.io"),
        ("co.uk", None),
        ("a.zz-no", None),
    ],
)
def test_the_registrable_domain_belongs_to_one_owner(host: str, domain: str | None) -> None:
    assert registrable_domain(host) == domain


def test_a_hosting_suffix_is_shared_but_no_registry() -> None:
    assert shared_suffix("someone.github.io") == "github.io"
    assert not is_registry_suffix("github.io")
    assert shared_suffix("api.stripe.com") is None


def test_the_public_dns_knows_international_top_levels_but_not_invented_ones() -> None:
    assert has_public_top_level("xn--d1acpjx3f.xn--p1ai")
    assert not has_public_top_level("printer.local")
    assert not has_public_top_level("db.corp")


@pytest.mark.parametrize("domain", ["amazonaws.com", "core.windows.net", "windows.net", "com"])
def test_strangers_own_names_below_a_parent_of_suffixes(domain: str) -> None:
    assert covers_suffixes(domain)


@pytest.mark.parametrize("domain", ["example.com", "stripe.com", "blob.core.windows.net", "x.io"])
def test_nobody_else_owns_names_below_the_domain_of_one_owner(domain: str) -> None:
    assert not covers_suffixes(domain)
