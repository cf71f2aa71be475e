"""`make run`: one command brings everything up, Ctrl-C takes everything down, again and again."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portal.run import ROOT
from tests.e2e.portal import Portal
from tests.servers import free_port, listens, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


class Run:
    """One `make run` on a folder of its own."""

    def __init__(self, folder: Path, port: int, sandbox_port: int) -> None:
        self.output = folder / "output.txt"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("EGRESS_")
        }
        environment |= {
            "EGRESS_VAR_DIR": str(folder / "var"),
            "EGRESS_PORT": str(port),
            "EGRESS_SANDBOX_PORT": str(sandbox_port),
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal.run"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def address(self) -> str:
        """Wait until the portal is up and return its address."""
        wait_until(
            "the address is printed",
            lambda: "is running:" in self.said or self.process.poll() is not None,
            120,
            0.2,
        )
        found = re.search(r"is running: (\S+)", self.said)
        assert found, self.said
        return found[1]

    def interrupt(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def kill(self) -> None:
        """Make sure that nothing is left of it."""
        if self.process.poll() is None:
            self.interrupt()


def test_it_starts_stops_and_starts_again_with_the_same_data(tmp_path: Path) -> None:
    port, sandbox_port = free_port(), free_port()
    for _ in range(2):
        run = Run(tmp_path, port, sandbox_port)
        try:
            assert Portal.answers(run.address() + "/healthz/")
            assert "demo-NAME" in run.said
            assert "dana" in run.said
            assert run.interrupt() == 0
        finally:
            run.kill()
        wait_until("nothing listens", lambda: not listens(port) and not listens(sandbox_port), 10)


def test_a_taken_port_is_named_and_another_one_is_used(tmp_path: Path) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        taken = int(squatter.getsockname()[1])
        run = Run(tmp_path, taken, free_port())
        try:
            address = run.address()
            assert f"Port {taken} for the portal is taken" in run.said
            assert str(taken) not in address
            assert Portal.answers(address + "/healthz/")
        finally:
            run.kill()


def test_a_second_portal_on_the_same_folder_is_refused_in_words(tmp_path: Path) -> None:
    first = Run(tmp_path, free_port(), free_port())
    try:
        first.address()
        (tmp_path / "second").mkdir()
        second = Run(tmp_path, free_port(), free_port())
        assert second.process.wait(60) == 1
        assert "already running" in second.said
        assert "Traceback" not in second.said
    finally:
        first.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a death")
def test_killing_it_leaves_no_process_behind_and_it_starts_again(tmp_path: Path) -> None:
    port, sandbox_port = free_port(), free_port()
    first = Run(tmp_path, port, sandbox_port)
    first.address()
    first.process.kill()
    first.process.wait(10)
    wait_until("all children have ended", lambda: not (listens(port) or listens(sandbox_port)), 60)
    wait_until("nothing runs on the folder", lambda: not running_on(tmp_path), 20)
    second = Run(tmp_path, port, sandbox_port)
    try:
        assert Portal.answers(second.address() + "/healthz/")
        assert second.interrupt() == 0
    finally:
        second.kill()


def running_on(folder: Path) -> list[str]:
    """Return the command lines of processes that were started for a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in environment and command:
            found.append(command.replace(b"\0", b" ").decode())
    return found
