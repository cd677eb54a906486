"""Bundles: a whole one opens; a foreign, damaged, escaping, padded or outdated one is refused, both sides named."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simgate.core.errors import InputError
from simgate.data.picture import encode_rgb
from simgate.documents import engine as limits
from simgate.documents.engine import EngineBundle
from simgate.engine import bundle as bundle_module
from simgate.engine.bundle import open_engine, read_bundle, write_bundle
from simgate.families.navigator.contract import NavigatorContract
from simgate.rows.engines import ENGINES
from simgate.rows.runtime import runtime_of
from simgate.specs.export import ExportSpec
from simgate.specs.hil import HilSpec
from tests.unit.bench_store import bundle_of, tiny_engine
from tests.unit.toy_dataset import HEIGHT_PX, NETWORK, WIDTH_PX


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "engine"
    bundle_of(folder, tiny_engine(0.7))
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "engine"))


def edit(folder: Path, **fields: Any) -> None:
    path = folder / "engine.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def edit_file(folder: Path, **fields: Any) -> None:
    (file,) = json.loads((folder / "engine.json").read_text())["files"]
    edit(folder, files=[{**file, **fields}])


def test_a_whole_bundle_opens_and_says_what_it_is(whole: Path) -> None:
    document = read_bundle(whole).document
    assert (document.family, document.target, document.precision) == ("navigator", "onnxruntime-cpu", "fp32")
    assert [tensor["name"] for tensor in document.contract["inputs"]] == ["image", "goal"]
    assert [(file.name, file.size_bytes) for file in document.files] == [
        ("model.onnx", (whole / "model.onnx").stat().st_size)
    ]
    assert set(document.runtime) == {"onnxruntime"}
    picture = encode_rgb(np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8))
    assert open_engine(whole).command(picture, 2.0, 0.0).speed_m_s == pytest.approx(0.7 * 0.8)


def test_the_same_graph_gives_the_same_bundle(whole: Path, tmp_path: Path) -> None:
    assert bundle_of(tmp_path / "again", tiny_engine(0.7)) == {
        f"engine/{path.name}": path.read_bytes() for path in whole.iterdir()
    }


def replaced_by_a_link(folder: Path) -> None:
    (folder / "model.onnx").rename(folder.parent / "elsewhere")
    (folder / "model.onnx").symlink_to(folder.parent / "elsewhere")


def another_contract(folder: Path) -> None:
    contract = json.loads((folder / "engine.json").read_text())["contract"]
    edit(folder, contract={**contract, "max_speed_m_s": contract["max_speed_m_s"] * 2})


def one_more_file(folder: Path) -> None:
    (folder / "extra.so").write_bytes(b"\x7fELF")


def other_bytes(folder: Path) -> None:
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def twice(folder: Path) -> None:
    files = json.loads((folder / "engine.json").read_text())["files"]
    edit(folder, files=files * 2)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "engine.json").unlink(), "engine has no engine.json"),
        (lambda folder: (folder / "engine.json").write_bytes(b"\x00"), "engine.json"),
        (lambda folder: (folder / "engine.json").write_bytes(b" " * (1 << 20) + b"{}"), "too large, got 1048578 bytes"),
        (lambda folder: edit(folder, version=2), "another version, got 2, expected 1"),
        (lambda folder: edit(folder, note="hello"), "field note"),
        (lambda folder: edit(folder, target="abacus"), "no such engine target, got abacus, expected onnxruntime-cpu"),
        (lambda folder: edit(folder, target="tensorrt"), "not supported yet, got tensorrt, expected onnxruntime-cpu"),
        (lambda folder: edit(folder, precision="int8"), "not supported by this target, got int8, expected fp32"),
        (
            lambda folder: edit(folder, runtime={"onnxruntime": "1.0.0"}),
            r"another onnxruntime-cpu.*got onnxruntime \d.*, expected onnxruntime 1\.0\.0; export the model again",
        ),
        (lambda folder: edit(folder, runtime={}), r"got onnxruntime .*, expected none"),
        (lambda folder: edit(folder, family="detector"), "two families, got navigator, expected detector"),
        (another_contract, "different contracts, got .*expected"),
        (lambda folder: edit_file(folder, name="../model.onnx"), r"field files.0.name: got '../model.onnx'"),
        (lambda folder: edit_file(folder, name="/etc/passwd"), "field files.0.name: got '/etc/passwd'"),
        (lambda folder: edit_file(folder, name="engine.json"), "is called engine.json"),
        (twice, "named twice"),
        (lambda folder: edit_file(folder, name="other.onnx"), "other files.*got engine.json, model.onnx, expected"),
        (one_more_file, "other files than its engine.json lists, got engine.json, extra.so, model.onnx, expected"),
        (lambda folder: (folder / "model.onnx").unlink(), "other files"),
        (replaced_by_a_link, "no regular file, got l"),
        (other_bytes, "other bytes, got [0-9a-f]{64}, expected [0-9a-f]{64}"),
        (lambda folder: edit_file(folder, size_bytes=7), r"another size, got \d+ bytes, expected 7"),
        (lambda folder: edit_file(folder, size_bytes=5 * 1024**3), "field files.0.size_bytes"),
    ],
)
def test_a_bundle_that_is_not_whole_or_not_for_here_is_refused(
    copy: Path, damage: Callable[[Path], object], words: str
) -> None:
    damage(copy)
    with pytest.raises(InputError, match=words):
        open_engine(copy)


def test_a_pipe_in_place_of_a_file_is_refused_and_not_read(copy: Path) -> None:
    (copy / "model.onnx").unlink()
    os.mkfifo(copy / "model.onnx")
    with pytest.raises(InputError, match="no regular file, got p"):
        read_bundle(copy)


def test_files_that_are_too_large_together_are_refused(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "MAX_BUNDLE_BYTES", 10)
    with pytest.raises(InputError, match=r"too large, got \d+ bytes, expected at most 10"):
        read_bundle(copy)


def test_a_file_that_is_no_engine_is_told_by_its_runtime(tmp_path: Path) -> None:
    bundle_of(tmp_path / "engine", b"this is no model")
    read_bundle(tmp_path / "engine")
    with pytest.raises(InputError, match="no ONNX model"):
        open_engine(tmp_path / "engine")


def test_an_edit_of_an_engine_moves_the_keys_that_open_it() -> None:
    hil = HilSpec(family="navigator", bench="emulated", target="onnxruntime-cpu")
    for stage, spec in (("export", ExportSpec(family="navigator", target="onnxruntime-cpu")), ("hil", hil)):
        assert "simgate.engine.onnx" in runtime_of(stage, spec).modules


def test_a_bench_cannot_be_asked_for_another_engine_than_its_bundle() -> None:
    assert "engine" not in HilSpec.model_fields


def test_an_unknown_target_is_refused_when_its_spec_is_read() -> None:
    with pytest.raises(InputError, match=r"field target: got 'abacus'.*no such engine target; there are .*tensorrt"):
        ExportSpec.from_value({"family": "navigator", "target": "abacus"}, what="spec")
    assert {row.name for row in ENGINES.ours} <= set(ENGINES.names())


def test_what_a_target_writes_is_bound_to_one_folder(tmp_path: Path) -> None:
    document = write_bundle(
        tmp_path, tiny_engine(0.1), NavigatorContract.of(NETWORK), target="onnxruntime-cpu", precision="fp32"
    )
    assert EngineBundle.from_json((tmp_path / limits.NAME).read_bytes(), what="engine.json") == document
    (file,) = document.files
    assert file.sha256 == hashlib.sha256((tmp_path / file.name).read_bytes()).hexdigest()
