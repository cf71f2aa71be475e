"""Names that look like other names are recognised; honest international ones are left in peace."""

import pytest

from egress.domain.hosts import canonical_host, lookalike, mixed_script_labels


@pytest.mark.parametrize(
    ("typed", "twin"),
    [
        ("аррӏе.com", "apple.com"),
        ("ɡoogle.com", "google.com"),
        ("gооgle.com", "google.com"),
        ("рауpal.com", "paypal.com"),
    ],
)
def test_a_name_of_foreign_letters_is_read_as_its_latin_twin(typed: str, twin: str) -> None:
    assert lookalike(canonical_host(typed)) == twin


@pytest.mark.parametrize(
    "typed", ["bücher.de", "яндекс.рф", "日本語テスト.jp", "한국.kr", "ελλάδα.gr", "api.stripe.com"]
)
def test_an_honest_name_is_no_lookalike(typed: str) -> None:
    host = canonical_host(typed)
    assert lookalike(host) is None
    assert mixed_script_labels(host) == []


def test_a_label_that_mixes_alphabets_is_named() -> None:
    assert mixed_script_labels(canonical_host("www.gооgle.com")) == ["gооgle"]
