"""Memo: the only thing that means "already done", believed only where the manifest that it names is that very run.

A memo that cannot be believed (damaged, its manifest gone or damaged, or another run's) counts as none: it is named,
the run is made again, and its commit replaces the memo.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import DigestMismatch, InputError, NotFound, TooLarge
from simgate.core.identity.key import key_of, memo_name
from simgate.core.runtime.job import Job
from simgate.core.runtime.manifest import MANIFEST_NAME, Manifest, read_manifest
from simgate.core.storage.damage import DAMAGE, pass_over
from simgate.core.storage.store import Store

_KEY = re.compile(r"memo/([^/]+)/([0-9a-f]{64})(?:\.([^/.]+))?\.json")
REMEDY = "its run is made again and replaces the memo; `simgate store forget` deletes it by hand"


@dataclass(frozen=True, slots=True)
class Run:
    """A committed run."""

    ref: ManifestRef
    manifest: Manifest


def runs_prefix(domain: str, stage: str, run_key: str) -> str:
    """Return the folder of all attempts of one key."""
    return f"runs/{domain}/{stage}/{run_key}"


def memo_key(job: Job, run_key: str) -> str:
    """Return the key of a job's memo."""
    return f"memo/{job.domain}/{memo_name(run_key, job.nonce)}"


def committed(store: Store, job: Job, run_key: str) -> ManifestRef | None:
    """Return the committed run of a job, in its own domain or, for a pull request, in main's."""
    run = committed_run(store, job, run_key)
    return run.ref if run else None


def committed_run(store: Store, job: Job, run_key: str) -> Run | None:
    """Return a job's committed run with its manifest, which was read to check the memo; None where there is none."""
    domains = (job.domain,) if job.domain == "main" else (job.domain, "main")
    keys = (f"memo/{domain}/{memo_name(run_key, job.nonce)}" for domain in domains)
    found = (believed(store, key, stage=job.stage) for key in keys)
    return next((run for run in found if run is not None), None)


def believed(store: Store, key: str, *, stage: str = "") -> Run | None:
    """Return the run that a memo names; None where there is no memo, or a wrong one, which is then named."""
    ref = read_memo(store, key, stage=stage)
    try:
        return Run(ref, _that_run(key, ref, read_manifest(store, ref))) if ref else None
    except DAMAGE as error:
        pass_over(key, error, remedy=REMEDY)
        return None


def read_memo(store: Store, key: str, *, stage: str = "") -> ManifestRef | None:
    """Return the manifest that a memo names, without reading it; None where the memo is missing or damaged."""
    try:
        data = store.get(key)
    except NotFound:
        return None
    except TooLarge as error:
        pass_over(key, error, remedy=REMEDY)
        return None
    try:
        return _own(key, ManifestRef.from_json(data, what="memo"), stage)
    except DAMAGE as error:
        pass_over(key, error, remedy=REMEDY)
        return None


def _own(key: str, ref: ManifestRef, stage: str) -> ManifestRef:
    """Return the ref if it lies in the folder where only that stage's role writes, of the memo's domain and key."""
    domain, run_key, _ = _parts(key)
    own = runs_prefix(re.escape(domain), re.escape(stage) or "[^/]+", run_key)
    if not re.fullmatch(f"{own}/[^/]+/{re.escape(MANIFEST_NAME)}", ref.uri):
        raise DigestMismatch(
            "memo names another run", actual=ref.uri,
            expected=f"{runs_prefix(domain, stage or 'STAGE', run_key)}/ATTEMPT/{MANIFEST_NAME}",
            remedy="find out who wrote it",
        )  # fmt: skip
    return ref


def _that_run(key: str, ref: ManifestRef, manifest: Manifest) -> Manifest:
    """Read the manifest and return it if stage, key and domain in it agree with its place and its memo."""
    domain, run_key, nonce = _parts(key)
    expected = (domain, ref.uri.split("/")[2], run_key, nonce)
    found = (manifest.domain, manifest.stage, manifest.run_key, manifest.nonce)
    if found != expected:
        raise DigestMismatch(
            f"memo names {ref.uri}, which is another run", actual=" ".join(found), expected=" ".join(expected).strip(),
            remedy="find out who wrote it",
        )  # fmt: skip
    if (key := key_of(manifest)) != run_key:
        raise DigestMismatch(
            f"{ref.uri} was made from other things than its key says", actual=key, expected=run_key,
            remedy="find out who wrote it",
        )  # fmt: skip
    return manifest


def _parts(key: str) -> tuple[str, str, str]:
    """Return the domain, run key and nonce (empty but for an observation) that a memo's name states."""
    named = _KEY.fullmatch(key)
    if named is None:
        raise InputError("not a memo's name", actual=key, expected="memo/DOMAIN/RUN_KEY.json")
    domain, run_key, nonce = named.groups(default="")
    return domain, run_key, nonce
