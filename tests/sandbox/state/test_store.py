"""The store: transactions, concurrent processes, and files that are damaged or have another schema."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest
import requests

from sandbox.state.records import TABLES, Received, Setting
from sandbox.state.store import Store, transaction
from tests.processes import ROOT, free_port
from tests.sandbox.driver import SandboxDriver

ADA = "+12025550101"
COUNT = """
import sys
from pathlib import Path
from sandbox.state.records import TABLES, Setting
from sandbox.state.store import transaction
for _ in range(50):
    with transaction(Path(sys.argv[1]), TABLES) as store:
        store.save(Setting("count", str(int(getattr(store.get(Setting, "count"), "value", "0")) + 1)))
"""


def count(store: Store) -> int:
    setting = store.get(Setting, "count")
    return int(setting.value) if setting else 0


def test_processes_and_threads_lose_no_update(store: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", COUNT, str(store)], cwd=ROOT) for _ in range(3)]

    def count_to_fifty() -> None:
        for _ in range(50):
            with transaction(store, TABLES) as open_store:
                open_store.save(Setting("count", str(count(open_store) + 1)))

    threads = [threading.Thread(target=count_to_fifty) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]

    with transaction(store, TABLES) as open_store:
        assert count(open_store) == 350


def test_a_failed_transaction_is_rolled_back(store: Path) -> None:
    with pytest.raises(RuntimeError), transaction(store, TABLES) as open_store:
        open_store.save(Setting("half", "done"))
        raise RuntimeError

    with transaction(store, TABLES) as open_store:
        assert open_store.get(Setting, "half") is None


def test_a_store_with_another_schema_is_emptied(store: Path) -> None:
    with sqlite3.connect(store) as old:
        old.execute("CREATE TABLE Setting (only_this)")
    old.close()

    with transaction(store, TABLES) as open_store:
        open_store.save(Setting("works", "yes"))
        assert open_store.find(Received) == []


def test_a_file_that_is_no_database_is_renamed(store: Path, embedded: SandboxDriver) -> None:
    store.write_text("my notes " * 1000)

    assert embedded.unify(ADA)["success"] == "pending"

    assert store.with_name(f"{store.name}.spoiled").read_text().startswith("my notes")


def test_a_damaged_store_is_renamed(store: Path, embedded: SandboxDriver) -> None:
    for _ in range(30):
        embedded.unify(ADA)
    content = store.read_bytes()
    store.write_bytes(content[:4096] + b"x" * (len(content) - 4096))

    with suppress(sqlite3.DatabaseError):
        embedded.token()
    embedded.access_token = ""

    assert embedded.unify(ADA)["success"] == "pending"
    assert len(embedded.ledger("prove.unify")) == 1


def test_a_locked_store_is_not_renamed(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.state.store.BUSY_TIMEOUT_S", 0.1)
    with transaction(store, TABLES) as open_store:
        open_store.save(Setting("kept", "yes"))
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError), transaction(store, TABLES):
            pass

    with transaction(store, TABLES) as open_store:
        assert open_store.get(Setting, "kept") is not None


def test_rows_are_read_as_they_were_saved(store: Path) -> None:
    row = Received("1", 1.5, "prove.unify", "ok", None, True, ADA, {"rebind": False, "nested": [1, {"a": None}]})

    with transaction(store, TABLES) as open_store:
        open_store.save(row)
        assert open_store.get(Received, "1") == row


def start(port: int, store: Path) -> subprocess.Popen[bytes]:
    """Runs the stand-alone sandbox. Returns once it responds."""
    environment = {**os.environ, "SANDBOX_STORE": str(store)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    process = subprocess.Popen([sys.executable, "manage.py", "sandbox", str(port)], cwd=ROOT, env=environment)
    for _ in range(200):
        try:
            requests.get(f"http://127.0.0.1:{port}/sandbox/messages.json", timeout=1)
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
        else:
            return process
    process.kill()
    raise RuntimeError("the sandbox did not start")


def test_a_killed_sandbox_keeps_its_state_and_works_without_its_file(store: Path) -> None:
    port = free_port()
    sandbox = SandboxDriver(requests.Session(), f"http://127.0.0.1:{port}", lambda *_: None)
    first = start(port, store)
    sandbox.bound_flow(ADA)
    unfinished = sandbox.unify(ADA)
    first.send_signal(signal.SIGKILL)
    first.wait(timeout=5)

    second = start(port, store)
    assert sandbox.authenticate(unfinished["authToken"])
    assert sandbox.status(unfinished["correlationId"]).json()["success"] == "true"
    second.send_signal(signal.SIGKILL)
    second.wait(timeout=5)
    store.unlink()

    third = start(port, store)
    sandbox.access_token = ""
    assert sandbox.status(sandbox.checked_flow(ADA)).json()["success"] == "possession_required"
    third.kill()
    third.wait(timeout=5)
    sandbox.session.close()


def test_of_parallel_binds_of_one_flow_one_succeeds(standalone: SandboxDriver) -> None:
    correlation_id = standalone.checked_flow(ADA)
    standalone.status(correlation_id)
    answers: list[int] = []
    body = {"correlationId": correlation_id, "phoneNumber": ADA}
    headers = {"Authorization": f"Bearer {standalone.access_token}"}

    def bind() -> None:
        url = f"{standalone.origin}/sandbox/prove/v3/unify-bind"
        answers.append(requests.post(url, json=body, headers=headers, timeout=10).status_code)

    threads = [threading.Thread(target=bind) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(answers) == {200: 1, 403: 7}
