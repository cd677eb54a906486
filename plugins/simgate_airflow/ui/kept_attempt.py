"""KeptAttempt: one attempt as it lies in the store, committed or not; what of it may be read, and for which DAG run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from simgate.core.documents.artifact import Artifact
from simgate.core.documents.canonical import sha256_hex
from simgate.core.documents.document import Document
from simgate.core.errors import DigestMismatch, NotFound
from simgate.core.runtime.attempt import ENVELOPE_NAME, VERDICT_NAME, Failure, Started, Verdict
from simgate.core.runtime.manifest import MANIFEST_NAME, Manifest, parse_manifest
from simgate.core.storage.signed_link import REPORT_NAME
from simgate.core.storage.store import Store
from simgate.plan.record import find_why
from simgate_airflow.run.run_record import airflow_run
from simgate_airflow.stores import open_store
from simgate_airflow.ui.attempt_place import AttemptPlace, refuse_links

D = TypeVar("D", bound=Document)
STARTED, FAILURE = "started.json", "failure.json"
BESIDE = (REPORT_NAME, MANIFEST_NAME, ENVELOPE_NAME, STARTED, FAILURE)
"""Files of an attempt that its manifest does not list."""
MAX_DOCUMENT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeptAttempt:
    """The readable parts of an attempt."""

    store: Store
    place: AttemptPlace
    manifest: Manifest | None
    """None: it was not committed."""
    manifest_sha256: str
    started: Started | None
    failure: Failure | None
    names: tuple[str, ...]
    """Every file of the folder that may be read."""

    @property
    def run_record(self) -> str:
        """Folder of the RunRecord that it was made for."""
        if self.manifest is not None:
            return self.manifest.run_record
        return self.started.run_record if self.started else ""

    @property
    def dag_run(self) -> tuple[str, str] | None:
        """(DAG id, run id) that it was made for; None where no DAG run of its own domain says so."""
        if not self.run_record.startswith(f"plans/{self.place.domain}/"):
            return None
        why = find_why(self.store, self.run_record)
        return airflow_run(why.run) if why is not None else None

    @property
    def verdict(self) -> Verdict | None:
        """A gate's verdict, checked against the manifest; None for no gate."""
        artifact = self.artifact(VERDICT_NAME)
        if artifact is None:
            return None
        return Verdict.from_json(self.store.read(artifact, max_bytes=MAX_DOCUMENT_BYTES), what=artifact.uri)

    def artifact(self, name: str) -> Artifact | None:
        """Return the file as the manifest lists it; None for a file that is not listed or lies elsewhere."""
        found = next((item for item in self.listed if item.name == name), None)
        if found is not None and found.uri != self.place.key(name):
            raise NotFound(f"the manifest keeps {name} elsewhere", expected=self.place.key(name))
        return found

    @property
    def listed(self) -> tuple[Artifact, ...]:
        """Every file that the manifest lists."""
        return (*self.manifest.artifacts, *self.manifest.byproducts) if self.manifest else ()

    @property
    def has_report(self) -> bool:
        """Whether its stage drew a page."""
        return REPORT_NAME in self.names


def read_attempt(place: AttemptPlace) -> KeptAttempt:
    """Read an attempt as the reader; NotFound where there is none, DigestMismatch where its manifest is another's."""
    store = open_store("reader", place.domain)
    data = _get(store, place.key(MANIFEST_NAME))
    manifest = parse_manifest(data, what=place.key(MANIFEST_NAME)) if data else None
    if manifest is not None:
        _check_place(manifest, place)
    started = _document(store, place.key(STARTED), Started)
    if manifest is None and started is None:
        raise NotFound(f"{place.folder} is no attempt")
    failure = None if manifest else _document(store, place.key(FAILURE), Failure)
    return KeptAttempt(
        store, place, manifest, sha256_hex(data or b""), started, failure, tuple(_names(store, place, manifest))
    )


def _check_place(manifest: Manifest, place: AttemptPlace) -> None:
    said = (manifest.domain, manifest.stage, manifest.run_key)
    if said != (place.domain, place.stage, place.run_key):
        raise DigestMismatch(f"the manifest in {place.folder} is another's", actual="/".join(said))


def _names(store: Store, place: AttemptPlace, manifest: Manifest | None) -> list[str]:
    there = {key.removeprefix(f"{place.folder}/") for key in store.keys(place.folder)}
    listed = [item.name for item in (*manifest.artifacts, *manifest.byproducts)] if manifest else []
    logs = [] if manifest else [name for name in there if name.endswith(".log")]
    return sorted(there & {*BESIDE, *listed, *logs})


def _document(store: Store, key: str, kind: type[D]) -> D | None:
    data = _get(store, key)
    return kind.from_json(data, what=key) if data else None


def _get(store: Store, key: str) -> bytes:
    refuse_links(store, key)
    try:
        return store.get(key, max_bytes=MAX_DOCUMENT_BYTES)
    except NotFound:
        return b""
