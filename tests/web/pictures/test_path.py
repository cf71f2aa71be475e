"""The picture of a way: boxes that do not touch, arrows between them, and marks where it ends."""

import re
from itertools import pairwise

import pytest

from egress.web.pictures.path import KINDS_SHOWN, Drawing, Station, column, row
from egress.web.pictures.text import fit

WAY = (
    Station("Workload", "shop", "box"),
    Station("Sidecar", "of each pod", "shield", "Applied", "good", ("ServiceEntry",)),
    Station("Gateway", "in istio-egress", "server", "Failed", "bad", ("Gateway",), is_end=True),
    Station("Host", "api.example.com", "external", is_beyond=True),
)
LEGS = ("TLS", "mTLS", "TLS")
DRAWINGS = [row(WAY, LEGS), column(WAY, LEGS)]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=["row", "column"])
def test_everything_lies_within_the_picture(drawing: Drawing) -> None:
    for box in drawing.boxes:
        assert 0 < box.x <= box.x + box.width < drawing.width
        assert 0 < box.y <= box.y + box.height < drawing.height
    lines = [line for box in drawing.boxes for line in box.lines]
    for line in (*lines, *(arrow.label for arrow in drawing.arrows)):
        assert 0 < line.x < drawing.width
        assert 0 < line.y < drawing.height
    for arrow in drawing.arrows:
        numbers = map(int, re.findall(r"\d+", arrow.line + arrow.head + arrow.cross))
        assert all(0 <= number < max(drawing.width, drawing.height) for number in numbers)


def test_a_row_goes_to_the_right_and_a_column_down_without_touching() -> None:
    across, down = DRAWINGS
    for before, after in pairwise(across.boxes):
        assert before.x + before.width < after.x
    for before, after in pairwise(down.boxes):
        assert before.y + before.height < after.y


def test_a_column_fits_a_phone() -> None:
    assert DRAWINGS[1].width <= 311


@pytest.mark.parametrize("drawing", DRAWINGS, ids=["row", "column"])
def test_the_arrow_behind_the_end_is_crossed_and_no_other(drawing: Drawing) -> None:
    assert [bool(arrow.cross) for arrow in drawing.arrows] == [False, False, True]
    assert [arrow.is_beyond for arrow in drawing.arrows] == [False, False, True]
    assert [arrow.label.text for arrow in drawing.arrows] == list(LEGS)


def test_many_kinds_are_counted_where_there_is_no_room() -> None:
    kinds = tuple(f"Kind{number}" for number in range(KINDS_SHOWN + 2))
    stations = [Station("Sidecar", "x", "shield", kinds=kinds), WAY[-1]]
    wide, narrow = row(stations, ["TLS"]), column(stations, ["TLS"])
    assert "and 2 more" in [line.text for line in wide.boxes[0].lines]
    assert f"Kind0 and {KINDS_SHOWN + 1} more" in [line.text for line in narrow.boxes[0].lines]
    assert max(line.y for line in wide.boxes[0].lines) < wide.height


def test_a_long_name_keeps_both_its_ends() -> None:
    host = f"{'a' * 40}.deep.example.com"
    (box, _) = row([Station("Host", host, "external"), WAY[-1]], ["TLS"]).boxes
    name = box.lines[1].text
    assert len(name) < 30
    assert name.startswith("aaa")
    assert name.endswith("ple.com")


@pytest.mark.parametrize(
    ("text", "room", "fitted"),
    [("short", 5, "short"), ("longer", 5, "lo…er"), ("longer", 4, "lo…r"), ("", 3, "")],
)
def test_text_is_cut_in_its_middle(text: str, room: int, fitted: str) -> None:
    assert fit(text, room) == fitted
