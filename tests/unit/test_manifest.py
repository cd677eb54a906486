"""Manifests are in-toto statements that other people's tools read, and nothing unknown gets in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementPb

from simgate.core.errors import InputError
from simgate.core.runtime.manifest import content_digest, parse_manifest, read_manifest
from simgate.core.storage.store import Store
from tests.probe_jobs import probe_job, result, run, submit
from tests.release_chain import Chain

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    chain = Chain(Store(str(tmp_path / "store")), tmp_path / "scenes")
    loaded: dict[str, Any] = json.loads(chain.store.get(chain.evidence()["hil"].uri))
    return loaded


def provenance(predicate: dict[str, Any]) -> Provenance:
    """The predicate as in-toto-attestation's own type; an unknown field raises."""
    return json_format.ParseDict(predicate, Provenance(), ignore_unknown_fields=False)


def check(predicate: dict[str, Any], run_record: str) -> None:
    """What SLSA v1 requires is where SLSA's own reader looks for it."""
    found = provenance(predicate)
    assert found.build_definition.build_type == "urn:simgate:stage:v1"
    assert found.build_definition.external_parameters["stage"]
    assert found.run_details.builder.id == "urn:simgate:place:local"
    assert found.run_details.metadata.invocation_id == run_record
    assert found.run_details.metadata.started_on.ToSeconds() > 0
    assert all(item.digest["sha256"] for item in found.build_definition.resolved_dependencies)


def test_in_toto_reads_statement_and_predicate_with_no_unknown_field(document: dict[str, Any]) -> None:
    statement = json_format.ParseDict(document, StatementPb(), ignore_unknown_fields=False)
    Statement.copy_from_pb(statement).validate()
    check(document["predicate"], "plans/main/release-1")


def test_a_real_stage_process_writes_a_manifest_that_in_toto_reads(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    job = probe_job(5)
    assert run(store, submit(store, job)).returncode == 0
    manifest = result(store, job)
    assert manifest is not None
    written = json.loads(manifest.to_json())
    json_format.ParseDict(written, StatementPb(), ignore_unknown_fields=False)
    check(written["predicate"], "plans/main/test")


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("predicate",),
        ("predicate", "runDetails"),
        ("predicate", "buildDefinition"),
        ("subject", 0),
        ("subject", 0, "annotations"),
    ],
)
def test_an_unknown_field_anywhere_is_refused(document: dict[str, Any], path: tuple[Any, ...]) -> None:
    place: Any = document
    for step in path:
        place = place[step]
    place["verdict"] = "PASS"
    with pytest.raises(InputError, match="verdict"):
        parse_manifest(json.dumps(document).encode(), what="manifest")


def test_an_empty_subject_and_a_doubled_output_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="twice"):
        parse_manifest(json.dumps({**document, "subject": document["subject"] * 2}).encode(), what="manifest")
    with pytest.raises(InputError, match="subject"):
        parse_manifest(json.dumps({**document, "subject": []}).encode(), what="manifest")


@pytest.mark.parametrize("uri", ["../x", "/etc/passwd", "https://host/x"])
def test_an_output_outside_the_store_is_refused(document: dict[str, Any], uri: str) -> None:
    document["subject"][0]["uri"] = uri
    with pytest.raises(InputError, match="uri"):
        parse_manifest(json.dumps(document).encode(), what="manifest")


def test_the_content_digest_knows_no_time_place_or_report(document: dict[str, Any]) -> None:
    one = parse_manifest(json.dumps(document).encode(), what="m")
    run_details = document["predicate"]["runDetails"]
    run_details["metadata"]["finishedOn"] = "2030-01-01T00:00:00Z"
    run_details["builder"]["id"] = "urn:simgate:place:pod"
    run_details["byproducts"] = []
    other = parse_manifest(json.dumps(document).encode(), what="m")
    assert one.content_digest == other.content_digest
    document["subject"][0]["digest"]["sha256"] = "f" * 64
    assert parse_manifest(json.dumps(document).encode(), what="m").content_digest != one.content_digest


def test_a_golden_manifest_of_version_1_is_still_read() -> None:
    manifest = parse_manifest((GOLDEN / "manifest-v1.json").read_bytes(), what="golden")
    assert manifest.stage == "hil"
    assert manifest.content_digest == content_digest(
        "hil", manifest.spec, {s.name: s.digest.sha256 for s in manifest.subject}
    )
    assert manifest.to_json() == (GOLDEN / "manifest-v1.json").read_bytes().strip()


def test_a_manifest_whose_bytes_changed_is_refused(tmp_path: Path) -> None:
    chain = Chain(Store(str(tmp_path / "store")), tmp_path / "scenes")
    ref = chain.evidence()["train"]
    path = Path(chain.store.url) / ref.uri
    path.write_bytes(path.read_bytes().replace(b"local", b"bench"))
    with pytest.raises(Exception, match=ref.sha256):
        read_manifest(chain.store, ref)
