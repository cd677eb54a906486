"""Inputs: what a stage may read, each byte checked against the digest that its manifest states."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import InputError
from simgate.core.given.snapshot import Snapshot, read_snapshot, snapshot_domain
from simgate.core.identity.key import LoadedInput
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.store import Store


class Contented(Protocol):
    """Something that names a manifest by content."""

    @property
    def content_digest(self) -> str: ...


class Inputs:
    """The inputs of one job, by the stage that made them."""

    def __init__(self, store: Store, loaded: Sequence[LoadedInput]) -> None:
        self._store = store
        self._loaded = loaded

    def manifests(self, stage: str) -> tuple[Manifest, ...]:
        """Return every input manifest of a stage, in the job's order, each once."""
        found = {item.sha256: item.manifest for item in self._loaded if item.manifest and item.manifest.stage == stage}
        return tuple(found.values())

    def manifest(self, stage: str) -> Manifest:
        """Return the only input manifest of a stage."""
        found = self.manifests(stage)
        if len(found) != 1:
            raise InputError(f"job needs one {stage} input", actual=len(found), expected=1, remedy="plan again")
        return found[0]

    def snapshot(self) -> Snapshot:
        """Return the only snapshot."""
        found = [item for item in self._loaded if item.manifest is None]
        if len(found) != 1:
            raise InputError("job needs one snapshot input", actual=len(found), expected=1, remedy="plan again")
        return read_snapshot(self._store, found[0].sha256, snapshot_domain(found[0].uri))

    def read(self, stage: str, output: str) -> bytes:
        """Return one small output of a stage. The job must name that output, or the manifest that holds it."""
        return self.read_of(self._allowed(stage, output), output)

    def fetch(self, stage: str, output: str, to: Path) -> Path:
        """Copy one output of a stage into the file `to`."""
        return self.fetch_of(self._allowed(stage, output), output, to)

    def read_of(self, manifest: Manifest, output: str) -> bytes:
        """Return one small output of a manifest."""
        return self._store.read(manifest.artifact(output))

    def fetch_of(self, manifest: Manifest, output: str, to: Path) -> Path:
        """Copy one output of a manifest into the file `to`."""
        return self._store.fetch(manifest.artifact(output), to)

    def shard(self, entry: Contented) -> Manifest:
        """Return the manifest, among those that the inputs are made from, that a document names by content."""
        try:
            return read_manifest(self._store, self._beneath[entry.content_digest])
        except KeyError as error:
            raise InputError(
                f"no shard with content {entry.content_digest} among what the inputs are made from"
            ) from error

    @cached_property
    def _beneath(self) -> dict[str, ManifestRef]:
        """Manifests that the inputs' manifests name, by content. The digest holds stage and spec, so it is the one."""
        links = (link for item in self._loaded if item.manifest for link in item.manifest.dependencies)
        return {link.annotations.content_digest: link.ref for link in links}

    def _allowed(self, stage: str, output: str) -> Manifest:
        # What is read must be in the key, or two results would share one.
        outputs = {item.part.output for item in self._loaded if item.part.name == stage}
        if output not in outputs and "" not in outputs:
            raise InputError(
                f"job does not name {stage}'s output {output}",
                actual=sorted(outputs),
                expected=output,
                remedy="plan again",
            )
        return next(
            item.manifest
            for item in self._loaded
            if item.manifest and item.part.name == stage and item.part.output in (output, "")
        )
