"""Job list: the jobs of a batch in one file of the store, so that a batch of many is handed over by one key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.artifact import StoreKey
from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.core.storage.store import Store

MAX_JOBS = 10_000
MAX_LIST_BYTES = MAX_JOBS * 1000


class JobList(Document):
    """A batch: the file that `--jobs` names."""

    version: Literal[1] = 1
    jobs: Annotated[tuple[StoreKey, ...], Field(min_length=1, max_length=MAX_JOBS)]
    """Keys of the jobs, in the order in which they are run."""


def write_job_list(store: Store, folder: str, keys: Sequence[str]) -> str:
    """Keep a list in a run's folder; its key, for `--jobs`."""
    data = JobList(jobs=tuple(keys)).to_json()
    key = f"{folder}/job-lists/{hashlib.sha256(data).hexdigest()[:16]}.json"
    store.create(key, data)
    return key


def read_job_list(store: Store, key: str) -> tuple[str, ...]:
    """Return the keys of a list."""
    data = store.get(key)
    if len(data) > MAX_LIST_BYTES:
        raise InputError(f"{key} is too large", actual=len(data), expected=f"at most {MAX_LIST_BYTES} bytes")
    return JobList.from_json(data, what=f"job list {key}").jobs
