"""Words, pauses and masks of notifications."""

from datetime import timedelta

import pytest

from egress.domain.notices import (
    CHANNEL_WORDS,
    DEFAULT_WAYS,
    KIND_WORDS,
    OWN_SERVERS,
    SERVICES,
    TRIES,
    WAY_WORDS,
    Kind,
    Way,
    counted,
    masked,
    pause_after,
)


def test_every_kind_and_way_has_words_and_a_default() -> None:
    assert set(KIND_WORDS) == set(CHANNEL_WORDS) == set(DEFAULT_WAYS) == set(Kind)
    assert set(WAY_WORDS) == set(Way)


def test_pauses_grow_to_two_hours_and_then_a_message_is_given_up() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, TRIES)]
    known = [pause for pause in pauses if pause is not None]
    assert len(known) == TRIES - 1
    assert known == sorted(known)
    assert (known[0], known[-1]) == (timedelta(seconds=30), timedelta(hours=2))
    assert pause_after(TRIES) is None


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_a_long_list_is_cut_with_its_rest_counted(names: list[str], words: str) -> None:
    assert counted(names) == words


def test_where_the_host_is_a_secret_it_is_masked_too() -> None:
    assert masked("jsons", "hooks.example.com") == "jsons://hooks.example.com/…"
    for scheme in SERVICES:
        assert masked(scheme, "T0KEN") == f"{scheme}://…"
    assert not set(SERVICES) & set(OWN_SERVERS)
