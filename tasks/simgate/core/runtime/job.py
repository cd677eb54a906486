"""Job: one spec with its inputs and what was asked for; what `--job` points to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from simgate.core.documents.artifact import ManifestRef, Sha256, StoreKey
from simgate.core.documents.document import Document
from simgate.core.identity.distribution import Distribution

MAIN = "main"
"""The trust domain whose work is released."""
Domain = Annotated[str, Field(pattern=r"^(main|pr-[1-9][0-9]{0,8})$")]
"""Trust domain: `main` or `pr-<n>`."""
StageName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,30}$")]


def _is_empty(value: tuple[object, ...]) -> bool:
    return not value


class ManifestInput(Document):
    """A manifest, or one output of it: the part of it that counts for the key."""

    kind: Literal["manifest"] = "manifest"
    ref: ManifestRef
    output: StoreKey | None = None
    """Name of the one output that is used; None means the whole."""


class SnapshotInput(Document):
    """A snapshot of scene files."""

    kind: Literal["snapshot"] = "snapshot"
    sha256: Sha256


Input = Annotated[ManifestInput | SnapshotInput, Field(discriminator="kind")]


class Job(Document):
    """Everything that a stage process is told."""

    version: Literal[1] = 1
    stage: StageName
    spec: dict[str, Any]
    inputs: tuple[Input, ...]
    domain: Domain
    code_digest: Sha256
    """Code asked for; a process that has other code refuses."""
    lock_digest: Sha256
    """Libraries asked for, likewise."""
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    """Drawn by plan, for observations alone: an observation is made anew in every run."""
    distributions: Annotated[tuple[Distribution, ...], Field(max_length=100, exclude_if=_is_empty)] = ()
    """Other people's distributions asked for, likewise."""
    run_record: StoreKey
    """Folder of the RunRecord that this is done for."""
