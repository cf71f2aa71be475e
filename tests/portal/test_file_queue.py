"""The file-system broker hands over whole messages, and survives what it cannot read."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu.connection import Connection

from portal.celery import app
from portal.file_queue import Channel, Transport


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], Any]:
    """Open a channel of one and the same folder."""
    options = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": str(tmp_path / "control"),
    }

    def open_channel() -> Any:
        open_connection: Any = Connection
        return open_connection(
            "memory://", transport=Transport, transport_options=options
        ).channel()

    return open_channel


def test_the_portal_uses_it() -> None:
    with app.connection_for_write() as connection:
        assert isinstance(connection.default_channel, Channel)


def test_a_message_is_seen_when_it_is_complete(
    opened: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, reader, seen_early = opened(), opened(), list[int]()
    rename = os.replace

    def look_first(*paths: Any) -> None:
        seen_early.append(reader._size("converge"))
        rename(*paths)

    monkeypatch.setattr(os, "replace", look_first)
    writer._put("converge", {"number": 1})
    assert seen_early == [0]
    assert reader._get("converge") == {"number": 1}
    with pytest.raises(Empty):
        reader._get("converge")


def test_an_empty_file_is_passed_over(opened: Callable[[], Any], tmp_path: Path) -> None:
    (tmp_path / "0_lost-power.converge.msg").write_bytes(b"")
    channel = opened()
    channel._put("converge", {"number": 1})
    assert channel._get("converge") == {"number": 1}
    with pytest.raises(Empty):
        channel._get("converge")


def test_a_queue_that_is_away_is_empty_until_it_is_back(
    opened: Callable[[], Any], tmp_path: Path
) -> None:
    reader, queue, aside = opened(), tmp_path, tmp_path.with_name("aside")
    queue.rename(aside)
    with pytest.raises(Empty):
        reader._get("converge")
    queue.touch()
    assert reader._size("converge") == 0
    with pytest.raises(Empty):
        reader._get("converge")
    queue.unlink()
    aside.rename(queue)
    opened()._put("converge", {"number": 1})
    assert reader._get("converge") == {"number": 1}


def test_many_may_bind_the_same_queue_at_once(opened: Callable[[], Any]) -> None:
    raised: list[BaseException] = []
    start = threading.Barrier(8)

    def bind(number: int) -> None:
        channel = opened()
        start.wait(10)
        try:
            for index in range(20):
                channel._queue_bind("direct", "key", "", f"queue-{number}-{index}")
                channel.get_table("direct")
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=bind, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert raised == []
    assert len(opened().get_table("direct")) == 160
