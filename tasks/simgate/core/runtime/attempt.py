"""Attempt: one try at a run, in a folder of its own; nothing of it counts until the memo names its manifest."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.canonical import sha256_hex
from simgate.core.documents.document import Document
from simgate.core.errors import AlreadyExists, InputError, SimgateError
from simgate.core.identity.key import KeyParts, LoadedInput
from simgate.core.identity.signature import MANIFEST_TYPE, Signer
from simgate.core.runtime.job import Job
from simgate.core.runtime.manifest import MANIFEST_NAME, Digest, Manifest, Subject, SubjectNotes
from simgate.core.storage.memo import believed, memo_key, runs_prefix
from simgate.core.storage.store import Store

VERDICT_NAME = "verdict.json"
STARTED_NAME = "started.json"
"""First of all that an attempt writes; its manifest, if it comes to one, lists it among the evidence."""
JSON = "application/json"
ENVELOPE_NAME = "manifest.dsse.json"
"""Beside a manifest: the DSSE envelope of its very bytes, where the process that made it has a signing key."""


class Failure(Document):
    """`failure.json`: the error of an attempt that left no manifest."""

    version: Literal[1] = 1
    exit_code: int
    error: str
    """Name of the error's class."""
    message: str
    nonce: str
    at: AwareDatetime


class Started(Document):
    """`started.json`: without a manifest or a failure beside it, the attempt was killed."""

    version: Literal[1] = 1
    nonce: str
    run_record: str
    inputs: tuple[str, ...]
    """Content digests of what it was begun on."""
    at: AwareDatetime


class Verdict(Document):
    """`verdict.json` of a gate."""

    version: Literal[1] = 1
    verdict: Literal["PASS", "FAIL"]
    reasons: tuple[str, ...]
    metrics: dict[str, float]


class Attempt:
    """Writes outputs, then the manifest, then the memo: in that order, so that a kill anywhere leaves no half run."""

    def __init__(self, store: Store, job: Job, parts: KeyParts, inputs: Sequence[LoadedInput]) -> None:
        self.store = store
        self.job = job
        self.run_key = parts.run_key
        self.folder = f"{runs_prefix(job.domain, job.stage, parts.run_key)}/{_attempt_id()}"
        self._subjects: dict[str, Subject] = {}
        self._byproducts: dict[str, Subject] = {}
        begun_on = tuple(item.content_digest for item in inputs)
        started = Started(nonce=job.nonce or "", run_record=job.run_record, inputs=begun_on, at=datetime.now(UTC))
        # From here on every end but a kill leaves a manifest or failure.json.
        store.create(f"{self.folder}/{STARTED_NAME}", started.to_json())
        self._note(self._byproducts, STARTED_NAME, sha256_hex(started.to_json()), len(started.to_json()), JSON, "none")

    def write(self, name: str, data: bytes, media_type: str, *, deterministic: bool = True) -> None:
        """Keep a data output."""
        self._keep(self._subjects, name, data, media_type, "bitwise" if deterministic else "none")

    def put(self, name: str, path: Path, media_type: str, *, deterministic: bool = True) -> None:
        """Keep a data output that lies in a file."""
        self._keep(self._subjects, name, path, media_type, "bitwise" if deterministic else "none")

    def byproduct(self, name: str, data: bytes, media_type: str) -> None:
        """Keep evidence that is no data: it is in the manifest, not in the content digest."""
        self._keep(self._byproducts, name, data, media_type, "none")

    def verdict(
        self, passed: bool, reasons: Sequence[str], metrics: Mapping[str, float], *, deterministic: bool = True
    ) -> None:
        """Say PASS or FAIL; a FAIL needs a reason. Not deterministic where the metrics hold times."""
        if not passed and not reasons:
            raise InputError("a FAIL needs a reason")
        verdict = Verdict(verdict="PASS" if passed else "FAIL", reasons=tuple(reasons), metrics=dict(metrics))
        self.write(VERDICT_NAME, verdict.to_json(), JSON, deterministic=deterministic)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Data outputs so far, by name."""
        return tuple(self._subjects[name] for name in sorted(self._subjects))

    @property
    def byproducts(self) -> tuple[Subject, ...]:
        """Evidence so far, by name."""
        return tuple(self._byproducts[name] for name in sorted(self._byproducts))

    def commit(self, manifest: Manifest, signer: Signer | None = None) -> tuple[ManifestRef, bool]:
        """Write manifest and memo. Return the ref that the memo now holds, and whether it is ours or an earlier
        winner's.
        """
        data = manifest.to_json()
        ref = ManifestRef(uri=f"{self.folder}/{MANIFEST_NAME}", sha256=sha256_hex(data))
        if signer is not None:
            # Signature before manifest: a kill in between leaves no manifest that lacks its signature.
            self.store.create(f"{self.folder}/{ENVELOPE_NAME}", signer.sign(data, MANIFEST_TYPE).to_json())
        self.store.create(ref.uri, data)
        memo = memo_key(self.job, self.run_key)
        try:
            self.store.create(memo, ref.to_json())
        except AlreadyExists:
            winner = believed(self.store, memo, stage=self.job.stage)
            if winner is not None:
                return winner.ref, False
            # What lies there is no answer, and this run is one. Of two that mend it at once the last one stays.
            self.store.put(memo, ref.to_json())
        return ref, True

    def fail(self, error: BaseException, exit_code: int) -> None:
        """Write failure.json, so that the store says how the attempt ended."""
        message = str(error) or type(error).__name__
        failure = Failure(
            exit_code=exit_code,
            error=type(error).__name__,
            message=message[:4000],
            nonce=self.job.nonce or "",
            at=datetime.now(UTC),
        )
        self.store.create(f"{self.folder}/failure.json", failure.to_json())

    def _keep(
        self,
        where: dict[str, Subject],
        name: str,
        data: bytes | Path,
        media_type: str,
        determinism: Literal["bitwise", "none"],
    ) -> None:
        if name in self._subjects or name in self._byproducts:
            raise SimgateError(f"output {name} is written twice")
        sha256 = self.store.put(f"{self.folder}/{name}", data)
        size_bytes = data.stat().st_size if isinstance(data, Path) else len(data)
        self._note(where, name, sha256, size_bytes, media_type, determinism)

    def _note(
        self,
        where: dict[str, Subject],
        name: str,
        sha256: str,
        size_bytes: int,
        media_type: str,
        determinism: Literal["bitwise", "none"],
    ) -> None:
        where[name] = Subject(
            name=name,
            uri=f"{self.folder}/{name}",
            digest=Digest(sha256=sha256),
            media_type=media_type,
            annotations=SubjectNotes(size_bytes=size_bytes, determinism=determinism),
        )


def read_verdict(store: Store, manifest: Manifest) -> Verdict | None:
    """Return a gate's verdict; None for a stage that is no gate."""
    if all(subject.name != VERDICT_NAME for subject in manifest.subject):
        return None
    return Verdict.from_json(store.read(manifest.artifact(VERDICT_NAME)), what=f"verdict of {manifest.stage}")


def _attempt_id() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
