"""docs/how-to/add-a-stage.md, followed to the letter in a copy of simgate: run, key, manifest, layers and chart."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from simgate.core.documents.artifact import ManifestRef
from simgate.core.runtime.manifest import read_manifest
from tests.demo_recipes import RECIPES
from tests.unit.toy_dataset import FRAMES, ToyStore

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/add-a-stage.md").read_text(encoding="utf-8")
FILE = re.compile(r"^\*\*(\S+)\*\*(?:, (.*?))?:\n\n```\w+\n(.*?)```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^simgate (run census .*)$", re.MULTILINE)
FOLDER, SPEC = "tasks/simgate/census", "census.yaml"
MOST_PRODUCT_FILES = 4
COPIED = ("tasks", "plugins", "dags", "locks", "helm", "pyproject.toml", "tests/layers.py")
ALONE, PIPELINE = PAGE.split("## 5. In a pipeline")
ROWS = """
import json
from simgate.rows.roles import writes
from simgate.rows.runtime import identity_of, runtime_of
from simgate.rows.stages import STAGES
from simgate.specs.census import CensusSpec

runtime = runtime_of("census", CensusSpec())
print(json.dumps({
    "names": STAGES.names(), "code": identity_of(runtime)[0], "image": runtime.image,
    "writes": "runs/main/census/" in writes("stage", "main"),
}))
"""
SLOT = """
import json, sys
from datetime import datetime
from pathlib import Path
from simgate.core.documents.artifact import ManifestRef
from simgate.core.storage.store import Store
from simgate.plan.jobs import RELEASE_STAGES, slots_of
from simgate.plan.record import ReleaseWhy
from simgate.specs.census import CensusSpec
from simgate.specs.recipe_file import read_recipes

url, dataset, recipes = sys.argv[1:]
found = read_recipes(Path(recipes))
recipe = found.release["navigator"].model_copy(update={"census": CensusSpec(by="shard")})
why = ReleaseWhy(
    run="r", domain="main", triggers=(), people=(), pull_request="", dataset=ManifestRef.model_validate_json(dataset),
    simulation=found.dataset["rooms"].simulation, recipe=recipe, recipe_sha256=recipe.sha256, policy_sha256="0" * 64,
    replaces="", live=None, nonce="1" * 16,
)
(slot,) = slots_of(Store(url), why, "census")
other = why.model_copy(update={"recipe": found.release["navigator"]})
print(json.dumps({
    "stages": RELEASE_STAGES, "spec": {"by": slot.job.spec["by"]},
    "inputs": [[item.ref.uri, item.output] for item in slot.job.inputs],
    "unasked": len(slots_of(Store(url), other, "census")),
}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product in which the page was followed."""
    root = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        (root / name).parent.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, root / name)
    for path, place, text in FILE.findall(ALONE):
        follow(root / path, place, text)
    return root


@pytest.fixture(scope="module")
def piped(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy, in which the stage became part of a pipeline too."""
    root = tmp_path_factory.mktemp("piped") / "copy"
    shutil.copytree(copy, root, ignore=shutil.ignore_patterns("__pycache__"))
    for path, place, text in FILE.findall(PIPELINE):
        follow(root / path, place, text)
    return root


def follow(path: Path, place: str, text: str) -> None:
    """Write a file, or add to one what the page says where it says."""
    if not place:
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    elif place == "in `STAGES`":
        add(path, "    ),\n)  # fmt: skip\n", f"{indent(text.rstrip(), ' ' * 8)},\n", before=True)
    elif path.suffix == ".json":
        add(path, '"probe"', f",\n              {text.rstrip()}", before=False)
    else:
        how, line = place.split(" `", 1)
        insert(path, line.rstrip("`"), text, instead=how == "instead of")


def insert(path: Path, line: str, text: str, *, instead: bool) -> None:
    """Put lines after a line, or in its place, as far in as that line is."""
    (found,) = [item for item in path.read_text().splitlines(keepends=True) if item.strip().endswith(line)]
    far = " " * (len(found) - len(found.lstrip()))
    kept = "" if instead else found
    lines = f"{kept}{indent(text, far)}"
    path.write_text(path.read_text().replace(found, lines))


def add(path: Path, anchor: str, text: str, *, before: bool) -> None:
    whole = path.read_text()
    assert whole.count(anchor) == 1, (path, anchor)
    path.write_text(whole.replace(anchor, f"{text}{anchor}" if before else f"{anchor}{text}"))


def in_copy(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=copy, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": f"{copy / 'tasks'}:{copy / 'plugins'}"},
    )  # fmt: skip


def said(copy: Path, *arguments: str) -> Any:
    done = in_copy(copy, *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def run_census(copy: Path, toy: ToyStore) -> Any:
    """The page's command with the toy's manifest."""
    (command,) = COMMAND.findall(PAGE)
    words = command.replace("runs/main/validate/KEY/ATTEMPT/manifest.json", toy.validate.uri).split()
    main = "from simgate.cli import main; raise SystemExit(main())"
    return said(copy, "-c", main, *words, "--store", toy.store.url, "--json")


def test_the_page_touches_four_product_files_at_most(copy: Path) -> None:
    files = {path.relative_to(copy) for path in copy.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    changed = {
        str(path) for path in files
        if not (ROOT / path).exists() or (ROOT / path).read_bytes() != (copy / path).read_bytes()
    }  # fmt: skip
    touched = {path for path in changed - {SPEC} if path.startswith(("tasks", "plugins", "helm", "pyproject"))}
    own = {path for path in touched if path.startswith(f"{FOLDER}/")}
    assert own == {f"{FOLDER}/__init__.py", f"{FOLDER}/stage.py"}
    assert touched - own == {
        "tasks/simgate/specs/census.py", "tasks/simgate/rows/stages.py", "helm/simgate/values.schema.json"
    }  # fmt: skip
    assert len(touched - own) <= MOST_PRODUCT_FILES


def test_the_stage_runs_is_reused_and_its_manifest_says_what_it_made(copy: Path, tmp_path: Path) -> None:
    toy = ToyStore(tmp_path, train_episodes=4, eval_episodes=2)
    first, again = run_census(copy, toy), run_census(copy, toy)
    assert (first["outcome"], again["outcome"]) == ("made", "reused")
    assert first["manifest"] == again["manifest"]
    manifest = read_manifest(toy.store, ManifestRef(uri=first["manifest"], sha256=first["sha256"]))
    counted = json.loads(toy.store.read(manifest.artifact("census.json")))
    assert list(counted["frames"].values()) == [2 * FRAMES, 2 * FRAMES], "by shard, as the page's spec says"
    (made_from,) = manifest.dependencies
    assert (manifest.stage, made_from.name, made_from.annotations.output) == ("census", "validate", "splits/train.json")


def test_its_code_is_in_its_key_and_its_comments_are_not(copy: Path) -> None:
    stage = copy / FOLDER / "stage.py"
    text = stage.read_text()
    before = said(copy, "-c", ROWS)["code"]
    try:
        stage.write_text(f"{text}# nothing\n")
        assert said(copy, "-c", ROWS)["code"] == before
        stage.write_text(text.replace("start=1", "start=2"))
        assert said(copy, "-c", ROWS)["code"] != before
    finally:
        stage.write_text(text)


def test_help_accounts_image_and_chart_follow_from_the_row(copy: Path) -> None:
    rows = said(copy, "-c", ROWS)
    assert "census" in in_copy(copy, "-m", "simgate", "--help").stdout
    assert (rows["image"], rows["writes"]) == ("light", True)
    schema = json.loads((copy / "helm/simgate/values.schema.json").read_text())["properties"]["stages"]["properties"]
    assert schema["settings"]["propertyNames"]["enum"] == ["default", *rows["names"]]


def test_the_layers_hold_it_without_a_word_about_it(copy: Path) -> None:
    check = ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")
    assert "0 broken" in in_copy(copy, *check).stdout
    stage = copy / FOLDER / "stage.py"
    text = stage.read_text()
    try:
        stage.write_text(f"{text}import simgate.probe.stage\n")
        assert "simgate.census is not allowed to import simgate.probe" in in_copy(copy, *check).stdout
    finally:
        stage.write_text(text)


def test_in_a_pipeline_its_run_follows_from_the_row_and_the_recipe(piped: Path, tmp_path: Path) -> None:
    toy = ToyStore(tmp_path, train_episodes=2, eval_episodes=1)
    slot = said(piped, "-c", SLOT, toy.store.url, toy.validate.model_dump_json(), str(RECIPES))
    assert slot == {
        "stages": ["train", "evaluate", "export", "hil", "census"], "spec": {"by": "shard"},
        "inputs": [[toy.validate.uri, "splits/train.json"]], "unasked": 0,
    }  # fmt: skip
    text = (piped / "dags/release_model.py").read_text()
    assert tuple(dict.fromkeys(re.findall(r' stage="([a-z]+)"', text))) == tuple(slot["stages"])
    compile(text, "release_model.py", "exec")


def test_in_a_pipeline_the_page_touches_two_files_more(copy: Path, piped: Path) -> None:
    files = {path.relative_to(piped) for path in piped.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    changed = {str(path) for path in files if (copy / path).read_bytes() != (piped / path).read_bytes()}
    assert changed == {"tasks/simgate/rows/stages.py", "tasks/simgate/specs/recipe.py", "dags/release_model.py"}
