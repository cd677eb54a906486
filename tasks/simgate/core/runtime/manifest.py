"""Manifest: the outputs of a run and how it made them, as an in-toto Statement v1 with SLSA Provenance v1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from simgate.core.documents.artifact import Artifact, ManifestRef, Sha256, StoreKey
from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.documents.document import Document
from simgate.core.errors import InputError, NotFound
from simgate.core.identity.distribution import Distribution
from simgate.core.storage.store import Store

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
BUILD_TYPE: Final = "urn:simgate:stage:v1"
MANIFEST_NAME = "manifest.json"

D = TypeVar("D", bound=Document)


class _Wire(Document):
    """A document spelled in camelCase, as in-toto has it."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )


class Digest(_Wire):
    """in-toto DigestSet with the one algorithm that we use."""

    sha256: Sha256


class SubjectNotes(Document):
    """Annotations of an output."""

    size_bytes: Annotated[int, Field(ge=0)]
    determinism: Literal["bitwise", "none"]


class Subject(_Wire):
    """One data output or byproduct."""

    name: StoreKey
    uri: StoreKey
    digest: Digest
    media_type: str
    annotations: SubjectNotes

    def artifact(self) -> Artifact:
        """Return the name, place, digest and size as an Artifact."""
        return Artifact(
            name=self.name,
            uri=self.uri,
            sha256=self.digest.sha256,
            size_bytes=self.annotations.size_bytes,
            media_type=self.media_type,
        )


class DependencyNotes(Document):
    """Annotations of an input."""

    key_part: Sha256
    """The digest that is in the key: the output's, or the manifest's content digest."""
    content_digest: Sha256
    output: str
    """Name of the one output used, or empty for the whole."""


class Dependency(_Wire):
    """One input: `name` is its stage, or `snapshot`."""

    name: str
    uri: StoreKey
    digest: Digest
    annotations: DependencyNotes

    @property
    def ref(self) -> ManifestRef:
        """The input manifest."""
        return ManifestRef(uri=self.uri, sha256=self.digest.sha256)


class ExternalParameters(Document):
    """The stage and the spec of a run."""

    stage: str
    spec: dict[str, Any]


class InternalParameters(Document):
    """The run's key and the digests that it was computed from."""

    run_key: Sha256
    code_digest: Sha256
    lock_digest: Sha256
    distributions: Annotated[tuple[Distribution, ...], Field(exclude_if=lambda value: not value)] = ()
    """Other people's code that it was made with."""
    nonce: str
    """Empty unless an observation."""
    domain: str


class BuildDefinition(_Wire):
    """SLSA buildDefinition."""

    build_type: Literal["urn:simgate:stage:v1"]
    external_parameters: ExternalParameters
    internal_parameters: InternalParameters
    resolved_dependencies: tuple[Dependency, ...]


class Builder(_Wire):
    """The place that ran the stage, by the name of its row."""

    id: str


class BuildMetadata(_Wire):
    """The RunRecord, and the times of start and end."""

    invocation_id: StoreKey
    """Folder of the RunRecord."""
    started_on: str
    finished_on: str


class RunDetails(_Wire):
    """SLSA runDetails."""

    builder: Builder
    metadata: BuildMetadata
    byproducts: tuple[Subject, ...]


class Predicate(_Wire):
    """SLSA Provenance v1."""

    build_definition: BuildDefinition
    run_details: RunDetails


class Manifest(_Wire):
    """The statement; subject is never empty."""

    type_: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    subject: Annotated[tuple[Subject, ...], Field(min_length=1)]
    predicate_type: Literal["https://slsa.dev/provenance/v1"]
    predicate: Predicate

    @property
    def stage(self) -> str:
        """The stage that made it."""
        return self.predicate.build_definition.external_parameters.stage

    @property
    def spec(self) -> dict[str, Any]:
        """The spec it was made from, as JSON."""
        return self.predicate.build_definition.external_parameters.spec

    def spec_as(self, kind: type[D]) -> D:
        """Return the spec as its document."""
        return kind.from_value(self.spec, what=f"spec of {self.stage} {self.run_key[:12]}")

    def part_of_spec(self, kind: type[D]) -> D:
        """Return those fields of the spec that `kind` has; the others are not looked at."""
        part = {name: self.spec[name] for name in kind.model_fields if name in self.spec}
        return kind.from_value(part, what=f"spec of {self.stage} {self.run_key[:12]}")

    @property
    def run_key(self) -> str:
        """The key it was made under."""
        return self.predicate.build_definition.internal_parameters.run_key

    @property
    def nonce(self) -> str:
        """The random number that tells this observation from others; empty for pure stages."""
        return self.predicate.build_definition.internal_parameters.nonce

    @property
    def domain(self) -> str:
        """Trust domain that it was made in."""
        return self.predicate.build_definition.internal_parameters.domain

    @property
    def run_record(self) -> str:
        """Folder of the RunRecord it was made for."""
        return self.predicate.run_details.metadata.invocation_id

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """The manifests and snapshots that it was made from."""
        return self.predicate.build_definition.resolved_dependencies

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """The data outputs."""
        return tuple(subject.artifact() for subject in self.subject)

    @property
    def byproducts(self) -> tuple[Artifact, ...]:
        """The evidence that is no data, e.g. the record of the environment."""
        return tuple(subject.artifact() for subject in self.predicate.run_details.byproducts)

    @property
    def content_digest(self) -> str:
        """The digest of stage, spec and data outputs; cost, time, environment, report and latency are not in it."""
        return content_digest(self.stage, self.spec, {item.name: item.digest.sha256 for item in self.subject})

    def artifact(self, name: str) -> Artifact:
        """Return the data output or byproduct of that name."""
        for item in (*self.subject, *self.predicate.run_details.byproducts):
            if item.name == name:
                return item.artifact()
        raise NotFound(
            f"{self.stage} run {self.run_key[:12]} has no output {name}",
            expected=", ".join(s.name for s in self.subject),
        )


def content_digest(stage: str, spec: Mapping[str, Any], outputs: Mapping[str, str]) -> str:
    """Return SHA-256 over the canonical JSON of stage, spec and {output name: sha256}."""
    return sha256_hex(canonical_json({"stage": stage, "spec": dict(spec), "outputs": dict(outputs)}))


def parse_manifest(data: bytes, *, what: str) -> Manifest:
    """Return a manifest from untrusted bytes; unknown fields, doubled output names and the spelling are checked."""
    manifest = Manifest.from_json(data, what=what)
    names = [item.name for item in (*manifest.subject, *manifest.predicate.run_details.byproducts)]
    if len(set(names)) != len(names):
        raise InputError(f"{what} names an output twice")
    return manifest


def read_manifest(store: Store, ref: ManifestRef) -> Manifest:
    """Return the manifest that `ref` points to, checked against its digest."""
    return parse_manifest(store.read(ref), what=f"manifest {ref.uri}")
