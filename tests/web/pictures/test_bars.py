"""Bars: as long as their counts say, within the picture, standing or lying."""

import pytest

from egress.web.pictures.bars import HEAD, NARROW, TALL, THINNEST, WIDE, Bar, lying, upright

COUNTS = (0, 1, 50, 1000)
BARS = [Bar(f"bar {count}", f"the bar of {count}", count) for count in COUNTS]


def test_lengths_are_in_proportion_and_nothing_has_no_length() -> None:
    assert [shape.height for shape in upright(BARS)] == [0, THINNEST, round(TALL * 0.05), TALL]
    lengths = [shape.width for shape in lying(BARS)]
    assert lengths[0] == 0
    assert lengths[1] == THINNEST
    assert lengths[2] * 20 == pytest.approx(lengths[3], abs=20)


def test_upright_bars_stand_on_one_line_within_the_picture() -> None:
    for shape in upright(BARS):
        assert shape.y + shape.height == HEAD + TALL
        assert 0 <= shape.x < shape.x + shape.width <= WIDE
        assert shape.value.y > 0


def test_lying_bars_begin_behind_their_labels_and_leave_room_for_their_number() -> None:
    shapes = lying(BARS)
    assert len({shape.x for shape in shapes}) == 1
    for shape in shapes:
        assert shape.label.x < shape.x
        assert shape.value.x + 28 <= NARROW


@pytest.mark.parametrize("drawn", [upright, lying])
def test_no_bars_and_only_empty_bars_can_be_drawn(drawn: object) -> None:
    assert drawn([]) == []  # type: ignore[operator]
    (shape,) = drawn(BARS[:1])  # type: ignore[operator]
    assert shape.value.text == ""
