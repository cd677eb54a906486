"""Heads: the journals that say which scenes, and which dataset, are current in a domain."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.artifact import ManifestRef, Sha256
from simgate.core.documents.document import Document
from simgate.core.given.snapshot import scan, write_snapshot
from simgate.core.storage.journal import Entry, Journal
from simgate.core.storage.store import Store

Text = Annotated[str, Field(max_length=2000)]


class ScenesBody(Document):
    """One push of scenes."""

    version: Literal[1] = 1
    snapshot_sha256: Sha256
    author: Annotated[str, Field(min_length=1, max_length=200)]
    """Commit e-mail of who changed the scenes, as the pushing credential declares it."""
    message: Text
    pull_request: Text
    """Number or URL; empty for a push to main."""


class ScenesHead(ScenesBody):
    """A push with its place in the journal."""

    seq: int
    at: datetime


class DatasetBody(Document):
    """One published dataset."""

    version: Literal[1] = 1
    validate_ref: ManifestRef
    content_digest: Sha256
    run_record: str


class DatasetHead(DatasetBody):
    """A dataset with its place in the journal."""

    seq: int
    at: datetime


def scenes_journal(store: Store, domain: str) -> Journal:
    """Return the journal of pushes."""
    return Journal(store, f"heads/{domain}/scenes")


def dataset_journal(store: Store, domain: str, name: str) -> Journal:
    """Return the journal of a dataset recipe's published datasets."""
    return Journal(store, f"heads/{domain}/dataset/{name}")


def scenes_head(store: Store, domain: str) -> ScenesHead | None:
    """Return the newest push, or None before the first."""
    entry = scenes_journal(store, domain).head()
    return _scenes(entry) if entry else None


def dataset_head(store: Store, domain: str, name: str) -> DatasetHead | None:
    """Return the newest published dataset of a recipe, or None before the first."""
    entry = dataset_journal(store, domain, name).head()
    return _dataset(entry) if entry else None


def scenes_pushes(store: Store, domain: str) -> list[ScenesHead]:
    """Return every push, oldest first."""
    return [_scenes(entry) for entry in scenes_journal(store, domain).entries()]


def push_scenes(
    store: Store, domain: str, folder: Path, *, author: str, message: str, pull_request: str = ""
) -> tuple[ScenesHead, bool]:
    """Upload a folder by content, then move the head; False where the head has these very files already."""
    snapshot = write_snapshot(store, scan(folder), domain)
    head = scenes_head(store, domain)
    if head is not None and head.snapshot_sha256 == snapshot.sha256:
        return head, False
    body = ScenesBody(snapshot_sha256=snapshot.sha256, author=author, message=message, pull_request=pull_request)
    return _scenes(scenes_journal(store, domain).append(body.model_dump(mode="json"))), True


def publish_dataset(store: Store, domain: str, name: str, body: DatasetBody) -> tuple[DatasetHead, bool]:
    """Move the dataset head; False where the head has this very content already: a reused run publishes nothing."""
    head = dataset_head(store, domain, name)
    if head is not None and head.content_digest == body.content_digest:
        return head, False
    return _dataset(dataset_journal(store, domain, name).append(body.model_dump(mode="json"))), True


def _scenes(entry: Entry) -> ScenesHead:
    value = {**entry.body, "seq": entry.seq, "at": entry.at.isoformat()}
    return ScenesHead.from_value(value, what=f"scenes head {entry.seq}")


def _dataset(entry: Entry) -> DatasetHead:
    value = {**entry.body, "seq": entry.seq, "at": entry.at.isoformat()}
    return DatasetHead.from_value(value, what=f"dataset head {entry.seq}")
