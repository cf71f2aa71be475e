"""Downloads: cells that no spreadsheet runs, and lines that programs read back."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from django.http import StreamingHttpResponse

from egress.domain.exports import inert
from egress.web.exports import csv_download, json_download, ndjson_download

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def text_of(response: StreamingHttpResponse) -> str:
    return b"".join(response).decode()


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1+2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "＝cmd",
        '=HYPERLINK("http://evil.example","x")',
        "=cmd|' /C calc'!A0",
    ],
)
def test_a_cell_that_looks_like_a_formula_is_made_text(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("text", ["api.example.com", "a=b", "2026-03-01", "*.example.com", ""])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert inert(text) == text


def test_nothing_and_times_and_numbers_have_one_spelling() -> None:
    assert [inert(None), inert(NOON), inert(443), inert(True)] == [
        "",
        "2026-03-01T12:00:00+00:00",
        "443",
        "True",
    ]


def test_a_csv_keeps_quotes_commas_and_line_breaks_inside_their_cells() -> None:
    nasty = 'a "quote", a comma\r\nand =a line'
    response = csv_download("grants", ["who", "what"], [{"who": "dana", "what": nasty}])
    assert list(csv.reader(io.StringIO(text_of(response), newline=""))) == [
        ["who", "what"],
        ["dana", nasty],
    ]
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="grants-2')
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_json_download_is_one_array(count: int) -> None:
    rows = [{"id": number, "at": NOON} for number in range(count)]
    read = json.loads(text_of(json_download("grants", rows)))
    assert read == [{"id": number, "at": NOON.isoformat()} for number in range(count)]


def test_an_ndjson_download_has_one_object_a_line() -> None:
    rows = [{"message": "two\nlines"}, {"message": "Überraschung"}]
    lines = text_of(ndjson_download("audit", rows)).splitlines()
    assert [json.loads(line) for line in lines] == rows


def test_rows_are_read_only_as_they_are_sent() -> None:
    read: list[int] = []

    def rows() -> object:
        for number in range(3):
            read.append(number)
            yield {"id": number}

    response = ndjson_download("audit", rows())  # type: ignore[arg-type]
    assert read == []
    next(iter(response))
    assert read == [0]
