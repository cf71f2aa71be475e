"""Processes that act at the same moment: forked, each with a database connection of its own."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

from django.db import connections

from egress.services.errors import ServiceError

SECONDS = 60.0
"""How long a round may take before its contenders count as stuck."""

Prepare = Callable[..., Callable[[], Any]]
"""Loads what an act needs, and returns the act, which is done at the barrier."""


@dataclass(frozen=True)
class End:
    """How one contender ended: it won, was refused for a reason, or broke."""

    won: bool = False
    refused: str = ""
    broke: str = ""


class Contenders:
    """Forked processes that wait for work. `acts` are what they can do, by name."""

    def __init__(self, number: int, acts: Mapping[str, Prepare]) -> None:
        # A connection that two processes share would mix their answers.
        connections.close_all()
        fork = multiprocessing.get_context("fork")
        self._barriers = {size: fork.Barrier(size) for size in range(1, number + 1)}
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(number):
            ours, theirs = fork.Pipe()
            process = fork.Process(
                target=_contend, args=(theirs, acts, self._barriers), daemon=True
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def at_once(self, jobs: Sequence[tuple[str, tuple[Any, ...]]]) -> list[End]:
        """Let as many contenders as there are jobs do them at the same moment.

        Each job is the name of an act and its arguments. Raises TimeoutError when one is stuck.
        """
        used = self._pipes[: len(jobs)]
        for pipe, job in zip(used, jobs, strict=True):
            pipe.send((len(jobs), *job))
        ends = []
        for pipe in used:
            if not pipe.poll(SECONDS):
                raise TimeoutError(f"A contender did not end within {SECONDS:.0f} s.")
            ends.append(pipe.recv())
        return ends

    def stop(self) -> None:
        """End all processes."""
        for pipe in self._pipes:
            # Closing is not enough: later ones have inherited this end, and keep it open.
            with suppress(OSError):
                pipe.send(None)
            pipe.close()
        for process in self._processes:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()


@contextmanager
def contenders(number: int, acts: Mapping[str, Prepare]) -> Iterator[Contenders]:
    """Yield so many contenders, and end them afterwards."""
    made = Contenders(number, acts)
    try:
        yield made
    finally:
        made.stop()


def _contend(
    pipe: Connection, acts: Mapping[str, Prepare], barriers: Mapping[int, Barrier]
) -> None:
    """Do what comes through the pipe until it is told to end."""
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            break
        if job is None:
            break
        size, name, arguments = job
        pipe.send(_end(acts[name], arguments, barriers[size]))
    # Nothing of the parent's may be ended here: not its servers, not its folders.
    os._exit(0)


def _end(prepare: Prepare, arguments: tuple[Any, ...], barrier: Barrier) -> End:
    act: Callable[[], Any] | None = None
    broke = ""
    try:
        act = prepare(*arguments)
    except Exception as error:
        broke = f"{type(error).__name__}: {error}"[:300]
    # Everybody comes to the barrier, or the others would wait in vain.
    barrier.wait(SECONDS)
    if act is None:
        return End(broke=broke)
    try:
        act()
    except ServiceError as refusal:
        return End(refused=refusal.reason)
    except Exception as error:
        return End(broke=f"{type(error).__name__}: {error}"[:300])
    return End(won=True)
