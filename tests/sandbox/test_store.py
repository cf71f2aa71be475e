"""The store keeps what it acknowledged, in order, also when its process is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from egress.sandbox.errors import StatusError
from egress.sandbox.kinds import NAMESPACE, SERVICE_ENTRY
from egress.sandbox.ledger import Author
from egress.sandbox.persistence import StateUnusableError
from egress.sandbox.store import Store
from tests.sandbox.calling import ENTRIES, a_store, an_api, apply, entry, in_process

WHO = Author("admin", "test", "create")


def put(store: Store, name: str) -> int:
    body = {"metadata": {"name": name, "uid": f"uid-{name}"}}
    return store.put(NAMESPACE, body, WHO).version


def test_every_write_has_the_next_version() -> None:
    store = Store()
    first = put(store, "a")
    assert [put(store, "b"), put(store, "a")] == [first + 1, first + 2]
    assert store.version == first + 2


def test_writers_at_once_get_versions_of_their_own() -> None:
    store = Store()
    seen: list[int] = []

    def write(prefix: str) -> None:
        seen.extend(put(store, f"{prefix}-{number}") for number in range(50))

    threads = [threading.Thread(target=write, args=(f"t{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 400
    assert [entry.rv for entry in store.ledger.entries()] == sorted(seen)


def test_lists_are_in_the_order_of_their_keys() -> None:
    store = Store()
    for name in ("b", "a-b", "a", "c"):
        put(store, name)
    assert [record.name for record in store.records(NAMESPACE)] == ["a", "a-b", "b", "c"]


def test_a_namespace_is_not_mixed_up_with_one_whose_name_starts_alike() -> None:
    store = Store()
    for namespace in ("shop", "shop-eu", "shop0"):
        meta = {"name": "x", "namespace": namespace, "uid": namespace}
        store.put(SERVICE_ENTRY, {"metadata": meta}, WHO)
    assert [record.namespace for record in store.records(SERVICE_ENTRY, "shop")] == ["shop"]


def test_the_past_can_be_listed_until_it_is_forgotten() -> None:
    store = Store(history=8)
    put(store, "a")
    then = put(store, "b")
    put(store, "c")
    store.remove(store.records(NAMESPACE)[0], WHO)
    assert [record.name for record in store.records_at(NAMESPACE, "", then)] == ["a", "b"]
    for number in range(20):
        put(store, f"n{number}")
    with pytest.raises(StatusError) as refused:
        store.records_at(NAMESPACE, "", then)
    assert refused.value.code == 410


def test_a_restart_keeps_objects_uids_versions_and_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    api = an_api(a_store(path=path))
    created = apply(in_process(api), entry())
    before = in_process(api)("GET", ENTRIES).body
    ledger = api.store.ledger.entries()
    api.store.close()
    again = an_api(Store(path))
    assert in_process(again)("GET", ENTRIES).body == before
    assert again.store.ledger.entries() == ledger
    changed = apply(in_process(again), entry(exportTo=["."]))
    assert changed.version == int(before["metadata"]["resourceVersion"]) + 1
    assert changed.body["metadata"]["uid"] == created.body["metadata"]["uid"]
    again.store.close()


def test_a_watch_from_before_a_restart_is_told_to_list_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite3")
    before = put(store, "a")
    put(store, "b")
    store.close()
    again = Store(tmp_path / "state.sqlite3")
    with pytest.raises(StatusError) as refused:
        again.events_after(before)
    assert refused.value.code == 410
    assert again.events_after(again.version) == []
    again.close()


_WRITER = """
import sys
from egress.sandbox.kinds import NAMESPACE
from egress.sandbox.ledger import Author
from egress.sandbox.store import Store
from pathlib import Path
store = Store(Path(sys.argv[1]))
for number in range(100000):
    body = {"metadata": {"name": f"n{number}", "uid": str(number)}}
    print(store.put(NAMESPACE, body, Author("a", "m", "create")).version, flush=True)
"""


def test_a_killed_process_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    command = [sys.executable, "-c", _WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(200)]
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
    store = Store(path)
    kept = {record.version for record in store.records(NAMESPACE)}
    assert kept >= set(acknowledged)
    assert {entry.rv for entry in store.ledger.entries()} >= set(acknowledged)
    assert store.version >= acknowledged[-1]
    store.close()


def test_a_failed_block_of_writes_leaves_no_trace_in_the_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite3")

    def fail() -> None:
        with store.all_or_nothing():
            put(store, "half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    store.close()
    again = Store(tmp_path / "state.sqlite3")
    assert again.is_empty()
    assert again.records(NAMESPACE) == []
    again.close()


def test_a_file_that_is_no_state_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database at all " * 100)
    with pytest.raises(StateUnusableError, match="cannot be used"):
        Store(path)


def test_the_state_file_is_private(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite3")
    assert (tmp_path / "state.sqlite3").stat().st_mode & 0o777 == 0o600
    store.close()


def test_a_fact_is_made_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite3")
    assert store.fact("token", lambda: "first") == "first"
    store.close()
    again = Store(tmp_path / "state.sqlite3")
    assert again.fact("token", lambda: "second") == "first"
    again.close()
