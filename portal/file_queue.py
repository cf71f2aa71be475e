"""The file-system broker of one machine, without the moments in which it breaks its readers.

The one that kombu ships opens a file first and writes it afterwards: a worker that looks in
between reads an empty message, and ends. Here a file appears under its name when it is complete.
"""

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

import structlog
from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps

logger = structlog.get_logger(__name__)

WARN_SECONDS = 60.0
"""How often a queue that is away is told of; it is read many times a second."""


class Channel(filesystem.Channel):
    """Messages as files in a folder; each is written aside and then renamed."""

    _silent_until = 0.0

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{time.monotonic_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        # Readers take what is called NUMBER_UUID.QUEUE.msg only.
        draft = folder / f".{name}"
        draft.write_text(dumps(payload), encoding="utf-8")  # type: ignore[no-untyped-call]
        os.replace(draft, folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        while True:
            try:
                return super()._get(queue)  # type: ignore[no-untyped-call]
            except ValueError as error:
                # A machine that lost power leaves empty files. The bell is rung again.
                logger.warning("message_unreadable", queue=queue, why=str(error)[:200])
            except (OSError, ChannelError) as error:
                # A worker whose queue is away would end, and its loops, which need none, with it.
                self._warn_of_loss(queue, error)
                raise Empty from error

    def _size(self, queue: str) -> int:
        try:
            return int(super()._size(queue))  # type: ignore[no-untyped-call]
        except OSError as error:
            self._warn_of_loss(queue, error)
            return 0

    def _warn_of_loss(self, queue: str, error: Exception) -> None:
        if time.monotonic() >= self._silent_until:
            self._silent_until = time.monotonic() + WARN_SECONDS
            logger.warning("queue_unreadable", queue=queue, why=str(error)[:200])

    def _queue_bind(self, *arguments: Any) -> None:
        with self._alone():
            super()._queue_bind(*arguments)  # type: ignore[no-untyped-call]

    def get_table(self, exchange: str) -> Any:
        """Return the queues of an exchange, never while somebody writes them."""
        with self._alone():
            return super().get_table(exchange)  # type: ignore[no-untyped-call]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.control_folder.mkdir(parents=True, exist_ok=True)
        with (self.control_folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    """Kombu's file-system transport with the channel above."""

    Channel = Channel
