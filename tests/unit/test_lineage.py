"""Lineage goes from a model down to scene files, and verify names all damage offline."""

from __future__ import annotations

from pathlib import Path

import pytest

from simgate.cli.made_from import made_from
from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.errors import InputError
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.release.lineage import MAX_LEVELS, lineage, people_of, verify_tree, walk
from tests.release_chain import Chain, next_run


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(Store(str(tmp_path / "store")), tmp_path / "scenes")


def test_the_lineage_of_a_bench_run_reaches_the_scenes(chain: Chain) -> None:
    kinds = {node.kind for node in walk(lineage(chain.store, chain.evidence()["hil"]))}
    assert kinds == {"hil", "export", "train", "validate", "generate", "index", "snapshot"}


def test_a_whole_chain_verifies(chain: Chain) -> None:
    assert verify_tree(chain.store, chain.evidence()["hil"]) == []


def test_verify_names_every_flipped_byte_with_both_digests(chain: Chain) -> None:
    evidence = chain.evidence()
    model = read_manifest(chain.store, evidence["train"]).artifact("model.safetensors")
    scene = next(key for key in chain.store.keys("files"))
    for key in (model.uri, scene):
        path = Path(chain.store.url) / key
        path.write_bytes(b"x" + path.read_bytes()[1:])
    findings = {finding.uri: finding.problem for finding in verify_tree(chain.store, evidence["hil"])}
    assert set(findings) == {model.uri, scene}
    assert model.sha256 in findings[model.uri]
    assert chain.store.digest(model.uri) in findings[model.uri]


def test_verify_names_a_missing_file_and_a_changed_manifest(chain: Chain) -> None:
    evidence = chain.evidence()
    (Path(chain.store.url) / read_manifest(chain.store, evidence["export"]).artifact("engine/model.onnx").uri).unlink()
    (finding,) = verify_tree(chain.store, evidence["export"])
    assert "missing" in finding.problem
    path = Path(chain.store.url) / evidence["train"].uri
    path.write_bytes(path.read_bytes() + b" ")
    (finding,) = verify_tree(chain.store, evidence["export"])
    assert evidence["train"].sha256 in finding.problem


def test_people_of_reused_work_are_found(chain: Chain) -> None:
    chain.dataset()
    second = next_run(chain, 2, people=("second@example.org",))
    assert people_of(chain.store, second.evidence().values()) == {"author@example.org", "second@example.org"}


def manifests_in_a_row(chain: Chain, count: int) -> ManifestRef:
    """A shard's manifest, and above it `count - 1` that each name the one before: nobody ran anything."""
    ref = chain.dataset()
    (link,) = read_manifest(chain.store, ref).dependencies
    value = read_manifest(chain.store, link.ref).model_dump(mode="json", by_alias=True)
    del value["predicate"]["buildDefinition"]["resolvedDependencies"][1:]
    dependency = value["predicate"]["buildDefinition"]["resolvedDependencies"][0]
    for number in range(count):
        data = canonical_json(value)
        ref = ManifestRef(uri=f"runs/main/generate/{number:064}/a/manifest.json", sha256=sha256_hex(data))
        chain.store.put(ref.uri, data)
        dependency |= {"name": "generate", "uri": ref.uri, "digest": {"sha256": ref.sha256}}
    return ref


def test_a_row_of_500_manifests_is_refused_in_words(chain: Chain) -> None:
    deep = manifests_in_a_row(chain, 500)
    with pytest.raises(InputError, match=f"lies too deep .* at most {MAX_LEVELS} levels"):
        lineage(chain.store, deep)
    with pytest.raises(InputError, match="lies too deep"):
        made_from(chain.store, {"": deep})
    (finding,) = verify_tree(chain.store, deep)
    assert "lies too deep" in finding.problem
