"""Exports: the whole list, as a stream, with the same filters."""

import csv
import json
from io import StringIO

import pytest

from egress.api import exports
from egress.models import Namespace, Person
from tests import factories as make
from tests.api.calling import Caller, problem

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_all_rows_come_in_pieces_and_in_order(
    shop: Namespace, owner: Person, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    made = [make.grant(shop, owner, f"h{n}.example.com").pk for n in range(5)]
    answer = Caller(owner).get("/grants/", {"format": "ndjson", "order": order})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == sorted(made, reverse=order == "newest")


def test_a_spreadsheet_gets_the_filtered_rows_as_text(shop: Namespace, owner: Person) -> None:
    make.grant(shop, owner, "a.example.com")
    make.grant(shop, owner, "b.example.com")
    answer = Caller(owner).get("/grants/", {"format": "csv", "host": "b.example.com"})
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))
    assert [row["host"] for row in rows] == ["b.example.com"]


def test_events_come_as_a_stream_too(shop: Namespace, adam: Person) -> None:
    answer = Caller(adam).get("/audit-events/", {"format": "ndjson"})
    (line,) = b"".join(answer.streaming_content).decode().splitlines()
    assert json.loads(line)["tag"] == "token:created"


def test_other_formats_and_other_lists_are_refused(shop: Namespace, owner: Person) -> None:
    problem(Caller(owner).get("/grants/", {"format": "xml"}), 422)
    problem(Caller(owner).get("/requests/", {"format": "csv"}), 422)
