"""docs/how-to/add-a-model-family.md, followed to the letter in a copy of simgate: train, evaluate, export."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import indent

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/add-a-model-family.md"
MOST_PRODUCT_FILES = 3
FILE = re.compile(r"^\*\*(tasks/\S+\.py)\*\*(, in `FAMILIES`)?:\n\n```python\n(.*?)```$", re.MULTILINE | re.DOTALL)

RUN = """
import os, sys, tempfile
from pathlib import Path
from simgate.specs.evaluate import EvaluateSpec
from simgate.specs.export import ExportSpec
from simgate.specs.train import TrainSpec
from simgate.core.identity.code import closure
from simgate.rows.runtime import runtime_of
from simgate.core.runtime.attempt import Verdict
from simgate.evaluate.stage import run as evaluate
from simgate.export.stage import run as export
from simgate.train.stage import run as train
from tests.unit.toy_dataset import HEIGHT_PX, WIDTH_PX, ToyStore


def verdict(toy, work, run):
    run(work)
    manifest = toy.manifest(toy.finish(work))
    found = Verdict.from_json(toy.store.read(manifest.artifact("verdict.json")), what="verdict")
    return found.verdict, sorted(found.metrics), found.reasons


def main():
    Path(sys.argv[1]).mkdir()
    toy = ToyStore(Path(sys.argv[1]), train_episodes=4, eval_episodes=2)
    network = {"image_width_px": WIDTH_PX, "image_height_px": HEIGHT_PX}
    spec = TrainSpec(
        family="counter", device="cpu", precision="fp32", seed=1, epochs=12, batch_size=8, world_size=1,
        learning_rate=2e-2, network=network,
    )
    work = toy.work("train", spec, [toy.input(toy.validate, "splits/train.json")])
    train(work)
    trained = toy.finish(work)
    inputs = [toy.input(trained), toy.input(toy.validate, "splits/eval.json")]
    judged = EvaluateSpec(family="counter", device="cpu", seed=1, closed_loop=None, at_most={"count_error": 1.0})
    said = verdict(toy, toy.work("evaluate", judged, inputs), evaluate)
    assert said == ("PASS", ["count_error"], ()), said
    made = ExportSpec(family="counter", target="onnxruntime-cpu", parity_samples=4, latency_runs=3)
    said = verdict(toy, toy.work("export", made, inputs), export)
    assert said == ("PASS", ["count.max"], ()), said
    print("simgate.families.counter.learning" in closure(*runtime_of("train", spec).modules))


if __name__ == "__main__":
    main()
"""


def test_the_page_adds_a_family_that_trains_is_judged_and_exported(tmp_path: Path) -> None:
    touched = follow(tmp_path)
    assert touched == {"tasks/simgate/rows/families.py"}
    assert len(touched) <= MOST_PRODUCT_FILES
    (tmp_path / "try_counter.py").write_text(RUN)
    done = subprocess.run(
        [sys.executable, "-P", str(tmp_path / "try_counter.py"), str(tmp_path / "toy")],
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'tasks'}:{ROOT}", "MLFLOW_TRACKING_URI": ""},
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["True"], "the family's code is no part of the key"


def follow(root: Path) -> set[str]:
    """Do what the page says in a copy; product files that it touched beside the family's folder."""
    shutil.copytree(ROOT / "tasks", root / "tasks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "locks", root / "locks")
    touched = set()
    for path, inside, text in FILE.findall(PAGE.read_text()):
        target = root / path
        if not inside:
            assert not target.exists()
            target.parent.mkdir(exist_ok=True)
            target.write_text(text)
            continue
        whole = target.read_text()
        end = "    ),\n)\n"
        assert whole.endswith(end)
        row = indent(text.rstrip(), " " * 8)
        target.write_text(f"{whole.removesuffix(end)}{row},\n{end}")
        touched.add(path)
    return touched
