"""The code digest: what an edit re-runs, and what it does not."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simgate.core.errors import InputError
from simgate.core.identity.code import SOURCE_ROOT, closure, code_digest
from simgate.rows.stages import STAGES

DIGESTS = """
import json
from simgate.core.identity.code import code_digest
from simgate.rows.stages import STAGES
newton = ("simgate.sim.isaac",)
names = STAGES.names()
print(json.dumps({name: code_digest(name, newton if name in ("generate", "evaluate") else ()) for name in names}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source that may be edited."""
    root = tmp_path_factory.mktemp("source")
    shutil.copytree(SOURCE_ROOT / "simgate", root / "simgate", ignore=shutil.ignore_patterns("__pycache__"))
    return root


def digests(root: Path) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", DIGESTS], env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def before(copy: Path) -> dict[str, str]:
    """The digests of the unedited copy."""
    return digests(copy)


def moved(before: dict[str, str], root: Path, path: str, text: str) -> set[str]:
    """Stages whose digest moves when `text` is appended to a file; the file is put back."""
    target = root / "simgate" / path
    data = target.read_bytes() if target.exists() else None
    target.parent.mkdir(exist_ok=True)
    target.write_bytes((data or b"") + text.encode())
    try:
        after = digests(root)
    finally:
        target.unlink() if data is None else target.write_bytes(data)
    return {name for name in STAGES.names() if before[name] != after[name]}


CODE = "\n\nEDITED = 1\n"


@pytest.mark.parametrize(
    ("path", "text", "stages"),
    [
        ("README.md", "words", set()),
        ("sim/expert.py", "\n# a comment\n", set()),
        ("sim/expert.py", CODE, {"generate", "evaluate"}),
        ("report/page.py", CODE, set()),
        ("train/report.py", CODE, set()),
        ("index/report.py", CODE, set()),
        ("core/storage/store.py", CODE, set()),
        ("core/errors.py", CODE, set()),
        ("core/given/inputs.py", CODE, set(STAGES.names())),
        ("train/data/weights.json", "{}", {"train"}),
        ("cli/__init__.py", CODE, set()),
        ("train/stage.py", CODE, {"train"}),
        ("specs/hil.py", CODE, {"hil"}),
        ("families/navigator/loss.py", CODE, {"train"}),
        ("families/navigator/precision.py", CODE, {"evaluate"}),
        ("families/navigator/parity.py", CODE, {"export"}),
        ("families/navigator/network.py", CODE, {"train", "evaluate", "export"}),
        ("families/navigator/contract.py", CODE, {"train", "evaluate", "export", "hil"}),
        ("core/given/random.py", CODE, set(STAGES.names()) - {"validate", "export", "hil", "index"}),
    ],
)
def test_an_edit_moves_exactly_the_stages_that_it_can_change(
    before: dict[str, str], copy: Path, path: str, text: str, stages: set[str]
) -> None:
    found = moved(before, copy, path, text)
    if path == "core/given/random.py":
        assert stages <= found
    else:
        assert found == stages


def test_a_new_docstring_moves_nothing(before: dict[str, str], copy: Path) -> None:
    target = copy / "simgate/probe/stage.py"
    data = target.read_text()
    target.write_text(data.replace(ast.get_docstring(ast.parse(data)) or "?", "another promise"))
    after = digests(copy)
    target.write_text(data)
    assert before == after


def test_a_wheel_which_brings_the_lock_slices_along_has_the_keys_of_its_checkout(
    before: dict[str, str], copy: Path
) -> None:
    assert moved(before, copy, "locks/sim.txt", "numpy==2.4.6\n") == set()


@pytest.mark.parametrize("stage", sorted(STAGES.names()))
def test_a_stages_closure_is_inside_simgate_and_holds_its_spec(stage: str) -> None:
    modules = closure(f"simgate.{stage}.stage")
    assert f"simgate.specs.{stage}" in modules
    assert "simgate" in modules
    assert all(module.split(".")[0] == "simgate" for module in modules)
    assert not any(
        module.startswith(("simgate.cli", "simgate.report", "simgate.plan", "simgate.release")) for module in modules
    )


def test_an_unknown_stage_has_no_digest() -> None:
    with pytest.raises(InputError):
        code_digest("nonsense")
