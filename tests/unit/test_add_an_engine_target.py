"""docs/how-to/add-an-engine-target.md, followed to the letter: its files alone, from export to the bench."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from simgate.engine.bundle import open_engine, read_bundle
from simgate.export.stage import run
from simgate.hil.link import open_process
from simgate.hil.wire import ROLE
from simgate.rows.engines import ENGINES
from simgate.specs.export import ExportSpec
from simgate.worker.hello import check_hello
from simgate.worker.message import Message
from simgate.worker.transport import Transport
from tests.unit.toy_dataset import ToyStore
from tests.unit.toy_model import commit_model, toy_network

PAGE = Path(__file__).parents[2] / "docs/how-to/add-an-engine-target.md"
BLOCK = re.compile(r"```\w+ file=(\S+)\n(.*?)```", re.DOTALL)


@pytest.fixture
def toy_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page's files, installed the way a distribution is: modules on the path and entry points beside them."""
    site = tmp_path / "site"
    site.mkdir()
    blocks = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    for name in ("toy_target.py", "toy_row.py"):
        (site / name).write_text(blocks[name], encoding="utf-8")
    (points,) = tomllib.loads(blocks["entry_points"])["project"]["entry-points"].items()
    info = site / "simgate_toy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: simgate-toy\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"[{points[0]}]", *(f"{name} = {value}" for name, value in points[1].items())]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    names = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*")) if path.is_file()]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in names), encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    yield site
    for name in ("toy_target", "toy_row"):
        sys.modules.pop(name, None)
    ENGINES._outside.pop("toy", None)


def test_the_page_leads_from_a_module_and_a_row_to_an_engine_on_the_bench(toy_target: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    toy = ToyStore(folder, train_episodes=2, eval_episodes=1)
    spec = ExportSpec.from_value(
        {"family": "navigator", "target": "toy", "parity_samples": 2, "latency_runs": 2}, what="spec"
    )
    model = commit_model(toy, toy_network(1))
    work = toy.work("export", spec, [toy.input(model), toy.input(toy.validate, "splits/eval.json")])
    run(work)
    manifest = toy.manifest(toy.finish(work))
    assert {"engine/engine.json", "engine/model.toy", "parity.json"} <= {item.name for item in manifest.artifacts}
    assert open_engine(work.folder / "engine").contract.family == "navigator"
    link = open_process(read_bundle(work.folder / "engine"))
    try:
        check_hello(first_words(link), name=link.name, role=ROLE)
    finally:
        link.close()
    assert link.fault is None, link.log


def first_words(link: Transport) -> Message:
    for _ in range(60):
        if arrivals := link.poll(1.0):
            return Message.from_bytes(arrivals[0].payload)
    raise TimeoutError("the toy engine never said hello")


def test_the_page_touches_three_files_of_the_product() -> None:
    text = PAGE.read_text(encoding="utf-8")
    edited = ["tasks/simgate/rows/engines.py", "tasks/simgate/engine/onnx.py", "pyproject.toml"]
    assert all(name in text for name in edited)
    assert [name for name, _ in BLOCK.findall(text)] == ["toy_target.py", "toy_row.py", "entry_points"]
