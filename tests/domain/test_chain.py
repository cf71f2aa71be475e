"""Tampering with the audit trail shows, wherever it is done."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.chain import GENESIS, ChainedEvent, event_hash, verify


def chain(*events: dict[str, Any]) -> list[ChainedEvent]:
    """A sound chain of these events."""
    result, previous = [], GENESIS
    for number, event in enumerate(events, start=1):
        result.append(ChainedEvent(number, previous, event_hash(previous, number, event), event))
        previous = result[-1].hash
    return result


EVENTS: list[dict[str, Any]] = [
    {
        "tag": "request:created",
        "actor": "dana",
        "at": "2026-11-21T10:00:00Z",
        "after": {"hosts": ["a.com"]},
    },
    {"tag": "request:approved", "actor": "alice", "note": "für den Shop ✓"},
    {"tag": "grant:applied", "actor": "worker-1", "count": 2, "final": True, "before": None},
    {"tag": "grant:revoked", "actor": "adam"},
]
SOUND = chain(*EVENTS)


def test_a_sound_chain_is_sound() -> None:
    result = verify(SOUND, head=(4, SOUND[-1].hash))
    assert (result.ok, result.count, result.first_bad_sequence, result.reason) == (
        True,
        4,
        None,
        "",
    )
    assert result.head == SOUND[-1].hash


def test_an_empty_chain_is_sound_unless_a_head_is_known() -> None:
    assert verify([]).ok
    assert not verify([], head=(4, SOUND[-1].hash)).ok


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "tampering",
    [
        {"event": {"tag": "request:denied", "actor": "alice"}},
        {"hash": "0" * 64},
        {"hash": ""},
        {"previous": "0" * 63 + "1"},
        {"sequence": 9},
        {"event": {"tag": 1.5}},
        {"event": {1: "number as key"}},
    ],
    ids=["content", "hash", "no hash", "previous", "number", "float", "key"],
)
def test_a_changed_event_is_found_where_it_is(number: int, tampering: dict[str, Any]) -> None:
    events = [*SOUND]
    events[number - 1] = replace(events[number - 1], **tampering)
    result = verify(events)
    assert not result.ok
    assert result.first_bad_sequence == tampering.get("sequence", number)
    assert result.count == number - 1
    assert result.reason.endswith(".")


def test_a_rehashed_event_is_found_at_the_next_one() -> None:
    event = {"tag": "request:denied"}
    forged = replace(SOUND[1], event=event, hash=event_hash(SOUND[1].previous, 2, event))
    result = verify([SOUND[0], forged, *SOUND[2:]])
    assert (result.ok, result.first_bad_sequence) == (False, 3)


def test_a_removed_event_is_missed() -> None:
    result = verify([SOUND[0], *SOUND[2:]])
    assert result.reason == "Event 2 is missing: event 3 stands in its place."


def test_swapped_doubled_and_inserted_events_are_found() -> None:
    assert not verify([SOUND[1], SOUND[0]]).ok
    assert not verify([SOUND[0], SOUND[0]]).ok
    inserted = ChainedEvent(2, SOUND[0].hash, event_hash(SOUND[0].hash, 2, {}), {})
    assert not verify([SOUND[0], inserted, *SOUND[1:]]).ok


def test_a_cut_off_end_shows_against_the_known_head() -> None:
    assert verify(SOUND[:2]).ok, "nothing in the chain itself can show this"
    result = verify(SOUND[:2], head=(4, SOUND[-1].hash))
    assert (result.ok, result.first_bad_sequence) == (False, 3)


def test_a_wholly_forged_chain_shows_against_the_known_head() -> None:
    forged = chain(*EVENTS[:3], {"tag": "grant:revoked", "actor": "somebody else"})
    assert verify(forged).ok
    assert not verify(forged, head=(4, SOUND[-1].hash)).ok


def test_a_chain_can_be_checked_in_parts() -> None:
    assert verify(SOUND[2:], start=(2, SOUND[1].hash), head=(4, SOUND[3].hash)).ok
    assert not verify(SOUND[2:], start=(2, "0" * 64)).ok


def test_the_hash_is_the_documented_one() -> None:
    # SHA-256 of {"event":{"a":"\u00fc"},"previous":"00..00","sequence":1} in UTF-8.
    assert event_hash(GENESIS, 1, {"a": "ü"}) == (
        "10648d2a33a1c23c0833b7fb368abc97399ede970ee802b46ccc796f92c9a9f7"
    )


def test_text_is_not_normalised() -> None:
    assert event_hash(GENESIS, 1, {"a": "é"}) != event_hash(GENESIS, 1, {"a": "e\u0301"})


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), b"x", {1: 2}, "\ud800", {"a": object()}, [1.5]]
)
def test_what_has_no_single_spelling_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        event_hash(GENESIS, 1, {"a": value})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)
EVENT = st.dictionaries(st.text(st.characters(codec="utf-8")), JSON, max_size=4)


@settings(max_examples=200, deadline=None)
@given(EVENT, EVENT)
def test_only_equal_events_have_equal_hashes(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = repr(sorted(one.items(), key=repr)) == repr(sorted(other.items(), key=repr))
    assert (event_hash(GENESIS, 1, one) == event_hash(GENESIS, 1, other)) == same or one == other
    assert event_hash(GENESIS, 1, one) != event_hash(GENESIS, 2, one)
    assert event_hash(GENESIS, 1, one) == event_hash(GENESIS, 1, dict(reversed(one.items())))
