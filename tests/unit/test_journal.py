"""Journals keep one chain under racing writers, and writers know their own entries."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgate.core.errors import AlreadyExists, DigestMismatch, StoreError
from simgate.core.storage.journal import Entry, Journal
from simgate.core.storage.store import Store
from tests.servers.stores import NewStore

WRITER = """
import sys
from simgate.core.storage.journal import Journal
from simgate.cli.options import open_store
journal = Journal(open_store(sys.argv[1]), "j")
for number in range(10):
    journal.append({"writer": int(sys.argv[2]), "number": number}, entry_id=f"{sys.argv[2]}-{number}")
"""


def test_eight_racing_processes_keep_one_chain(new_store: NewStore) -> None:
    store = new_store("store")
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, store.url, str(number)]) for number in range(8)]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 8
    entries = list(Journal(store, "j").entries())
    assert [entry.seq for entry in entries] == list(range(1, 81))
    assert len({entry.id for entry in entries}) == 80
    for writer in range(8):
        assert [entry.body["number"] for entry in entries if entry.body["writer"] == writer] == list(range(10))


class LosesAnswers(Store):
    """A store that commits, then says that the object existed: a dropped connection and a retry."""

    def create(self, key: str, data: bytes) -> None:
        super().create(key, data)
        raise AlreadyExists(f"{key} (answer lost)")


def test_a_winner_that_is_told_exists_knows_its_own_entry(tmp_path: Path) -> None:
    entry = Journal(LosesAnswers(str(tmp_path)), "j").append({"a": 1}, entry_id="mine")
    assert (entry.seq, entry.id) == (1, "mine")
    assert len(list(Journal(Store(str(tmp_path)), "j").entries())) == 1


def test_appending_the_same_id_again_returns_the_first_entry(new_store: NewStore) -> None:
    journal = Journal(new_store("store"), "j")
    first = journal.append({"a": 1}, entry_id="x")
    journal.append({"b": 1})
    assert journal.append({"a": 2}, entry_id="x") == first


def test_a_check_that_raises_writes_nothing(new_store: NewStore) -> None:
    journal = Journal(new_store("store"), "j")

    def refuse(_head: Entry | None) -> None:
        raise StoreError("no")

    with pytest.raises(StoreError):
        journal.append({}, check=refuse)
    assert journal.head() is None


def test_a_changed_entry_breaks_the_chain_where_it_was_changed(new_store: NewStore) -> None:
    journal = Journal(new_store("store"), "j")
    for number in range(3):
        journal.append({"number": number})
    data = journal.store.get(journal.key(2))
    journal.store.put(journal.key(2), data.replace(b'"number":1', b'"number":9'))
    with pytest.raises(DigestMismatch, match="broken at entry 3"):
        list(journal.entries())


def test_a_removed_entry_is_a_gap(new_store: NewStore) -> None:
    journal = Journal(new_store("store"), "j")
    for number in range(3):
        journal.append({"number": number})
    journal.store.delete(journal.key(2))
    with pytest.raises(StoreError, match="gap"):
        list(journal.entries())


def test_a_clock_that_runs_back_does_not_reorder_history(new_store: NewStore) -> None:
    journal = Journal(new_store("store"), "j")
    future = datetime.now(UTC) + timedelta(days=1)
    first = Entry(seq=1, id="a", previous=None, at=future, body={})
    journal.store.create(journal.key(1), first.to_json())
    assert journal.append({}).at == future


@settings(max_examples=50, deadline=None)
@given(bodies=st.lists(st.dictionaries(st.text(max_size=5), st.integers(-(2**31), 2**31), max_size=3), max_size=5))
def test_entries_read_back_as_written(bodies: list[dict[str, int]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Store(folder), "a/b")
        written = [journal.append(body) for body in bodies]
        assert list(journal.entries()) == written
        assert journal.head() == (written[-1] if written else None)
        assert [json.loads(entry.to_json())["body"] for entry in written] == bodies
