"""URLs in rules are read as the server reads them."""

from __future__ import annotations

import pytest

from egress.sandbox.schema.node import RuleError
from egress.sandbox.schema.weburl import url_scheme


@pytest.mark.parametrize(
    ("address", "scheme"),
    [
        ("http://a.example", "http"),
        ("HTTPS://a.example:8443/keys?a=%zz", "https"),
        ("http://user:pw@a.example/", "http"),
        ("http://[2001:db8::1]:80/", "http"),
        ("http://[fe80::1%25eth0]/", "http"),
        ("http:opaque", "http"),
        ("http:", "http"),
        ("ftp://a", "ftp"),
        ("/just/a/path", ""),
        ("*", ""),
        ("http://ä.example", "http"),
        ("http://a%C3%A4.example", "http"),
        ("http://a.example:", "http"),
    ],
)
def test_the_scheme_of_a_url(address: str, scheme: str) -> None:
    assert url_scheme(address) == scheme


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", "empty url"),
        ("a b", "invalid URI for request"),
        ("://a", "missing protocol scheme"),
        ("http://a\x01", "net/url: invalid control character in URL"),
        ("http://a b", 'invalid character " " in host name'),
        ("http://a#b", 'invalid character "#" in host name'),
        ("http://a%zz", 'invalid URL escape "%zz"'),
        ("http://a/%zz", 'invalid URL escape "%zz"'),
        ("http://a/%z", 'invalid URL escape "%z"'),
        ("http://%41/", 'invalid URL escape "%41"'),
        ("http://a:x", 'invalid port ":x" after host'),
        ("http://u^@a", "net/url: invalid userinfo"),
        ("http://[::1", "missing ']' in host"),
        ("http://[::1]x", 'invalid port "x" after host'),
    ],
)
def test_what_is_no_url_is_an_error(address: str, problem: str) -> None:
    with pytest.raises(RuleError) as error:
        url_scheme(address)
    assert str(error.value).startswith("URL parse error during conversion from string: parse ")
    assert str(error.value).endswith(problem)
