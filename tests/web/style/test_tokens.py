"""The colours of the interface: readable in both themes, and the same wherever they are said."""

import pytest

from egress.web.style import tokens


def test_text_is_readable_on_every_ground_it_stands_on() -> None:
    pairs = tokens.pairs()
    assert len(pairs) > 30
    assert [pair for pair in pairs if not pair.is_readable] == []


def test_the_dark_theme_is_the_same_with_and_without_scripts() -> None:
    assert tokens.dark()
    assert tokens.dark() == tokens.dark_of_the_system()


def test_the_dark_theme_has_a_value_for_every_colour() -> None:
    assert {one.name for one in tokens.colours()} - tokens.dark().keys() == set()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1.0)],
)
def test_contrast_is_that_of_the_guidelines(one: str, other: str, expected: float) -> None:
    assert tokens.contrast(one, other) == pytest.approx(expected, abs=0.005)
    assert tokens.contrast(other, one) == tokens.contrast(one, other)
