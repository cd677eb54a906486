"""Run key: the identity of a piece of pure work. Same key, same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.errors import InputError
from simgate.core.given.snapshot import snapshot_key
from simgate.core.identity.distribution import Distribution
from simgate.core.runtime.job import Job, ManifestInput, SnapshotInput
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.many import at_once
from simgate.core.storage.store import Store


@dataclass(frozen=True, slots=True)
class InputPart:
    """The part of one input that is in the key."""

    name: str
    """Stage that made it, or `snapshot`."""
    output: str
    """Name of the one output used, or empty."""
    part: str
    """sha256 of that output, or the manifest's content digest, or the snapshot's sha256."""


@dataclass(frozen=True, slots=True)
class KeyParts:
    """Everything that a key is made of, by name: `simgate plan` says which of them moved."""

    stage: str
    spec: Mapping[str, Any]
    inputs: tuple[InputPart, ...]
    code_digest: str
    lock_digest: str
    distributions: tuple[Distribution, ...] = ()
    """Other people's code."""

    @property
    def run_key(self) -> str:
        """SHA-256 over the canonical JSON of all parts."""
        lists = {
            "inputs": [{"name": item.name, "output": item.output, "part": item.part} for item in self.inputs],
            "distributions": [item.model_dump(mode="json") for item in self.distributions],
        }
        return sha256_hex(canonical_json({**{name: getattr(self, name) for name in self.__slots__}, **lists}))


@dataclass(frozen=True, slots=True)
class LoadedInput:
    """An input of a job, read and verified."""

    part: InputPart
    uri: str
    sha256: str
    content_digest: str
    manifest: Manifest | None
    """None for a snapshot."""


def load_inputs(store: Store, job: Job, known: dict[str, Manifest] | None = None) -> tuple[LoadedInput, ...]:
    """Read every input's manifest, checked, several at a time; equal refs are read once.

    `known` (manifests by sha256) is read before the store and added to: whoever loads many jobs shares one.
    """
    manifests = {} if known is None else known
    refs = {item.ref.sha256: item.ref for item in job.inputs if isinstance(item, ManifestInput)}
    missing = [ref for sha256, ref in refs.items() if sha256 not in manifests]
    read = at_once(lambda ref: read_manifest(store, ref), missing)
    manifests.update(zip((ref.sha256 for ref in missing), read, strict=True))
    return tuple(_load(item, manifests, job.domain) for item in job.inputs)


def _load(item: ManifestInput | SnapshotInput, manifests: Mapping[str, Manifest], domain: str) -> LoadedInput:
    if isinstance(item, SnapshotInput):
        part = InputPart(name="snapshot", output="", part=item.sha256)
        return LoadedInput(part, snapshot_key(item.sha256, domain), item.sha256, item.sha256, None)
    manifest = manifests[item.ref.sha256]
    digest = manifest.artifact(item.output).sha256 if item.output else manifest.content_digest
    part = InputPart(name=manifest.stage, output=item.output or "", part=digest)
    return LoadedInput(part, item.ref.uri, item.ref.sha256, manifest.content_digest, manifest)


def key_parts(job: Job, inputs: Sequence[LoadedInput]) -> KeyParts:
    """Return the parts of a job's key."""
    used = tuple(item.part for item in inputs)
    return KeyParts(job.stage, job.spec, used, job.code_digest, job.lock_digest, job.distributions)


def key_of(manifest: Manifest) -> str:
    """Return the key that follows from what a manifest says it was made from; its own key must be that one."""
    definition = manifest.predicate.build_definition
    internal = definition.internal_parameters
    used = tuple(
        InputPart(link.name, link.annotations.output, link.annotations.key_part)
        for link in definition.resolved_dependencies
    )
    return KeyParts(
        manifest.stage, manifest.spec, used, internal.code_digest, internal.lock_digest, internal.distributions
    ).run_key


def memo_name(run_key: str, nonce: str | None) -> str:
    """Name of the memo: one per key, or one per observation of a key."""
    return f"{run_key}.{nonce}.json" if nonce else f"{run_key}.json"


def check_asked(job: Job, *, code: str, lock: str, distributions: tuple[Distribution, ...] = ()) -> None:
    """Refuse a job that asks for other code or libraries than this process has."""
    if (asked := [str(item) for item in job.distributions]) != (found := [str(item) for item in distributions]):
        raise InputError(
            "job was planned with other distributions than its spec needs here",
            actual=", ".join(found) or "none", expected=", ".join(asked) or "none", remedy="plan again",
        )  # fmt: skip
    for what, wanted, own in (("code", job.code_digest, code), ("lock slice", job.lock_digest, lock)):
        if wanted != own:
            raise InputError(
                f"job asks for another {what} than this process has",
                actual=own,
                expected=wanted,
                remedy="use the image that was built from the planning side's commit, or plan again",
            )
