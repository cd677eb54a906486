"""docs/stages.md and docs/recipes.md, followed in a project that `simgate init` wrote."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from simgate.cli import main
from simgate.core.errors import InputError
from simgate.rows.stages import STAGES
from simgate.specs.recipe_file import parse_recipe, read_recipe
from simgate.specs.recipe_text import recipe_text

DOCS = Path(__file__).parents[2] / "docs"
STARTER = Path(__file__).parents[2] / "tasks/simgate/cli/starter/recipes"
STAGES_PAGE, RECIPES_PAGE = (DOCS / name for name in ("stages.md", "recipes.md"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def named_specs() -> Iterator[tuple[str, str]]:
    """Each spec of the page, and the file that the sentence before it names."""
    text = STAGES_PAGE.read_text(encoding="utf-8")
    yield from re.findall(r"^`(\w+\.yaml)` [^\n]*\n\n```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def simgate(monkeypatch: pytest.MonkeyPatch, line: str) -> int:
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of the reader's own, with the page's specs in it."""
    for name in ("SIMGATE_RECIPES", "SIMGATE_POLICY", "SIMGATE_STORE", "SIMGATE_DOMAIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    assert simgate(monkeypatch, "simgate init my-robot") == 0
    monkeypatch.chdir("my-robot")
    for name, text in named_specs():
        Path(name).write_text(text)
    return tmp_path / "my-robot"


def test_the_pages_commands_index_the_scenes_and_make_one_shard(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert [name for name, _ in named_specs()] == ["index.yaml", "generate.yaml"]
    for line in blocks(STAGES_PAGE, "sh")[0].splitlines():
        assert simgate(monkeypatch, line) == 0, f"{line}: {capfd.readouterr().err}"
    said = capfd.readouterr().out
    assert said.count("made: ") == 2
    assert "shard.tar" in said


def test_an_input_that_no_run_has_is_refused_with_what_to_do(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert simgate(monkeypatch, "simgate scenes push scenes") == 0
    assert simgate(monkeypatch, "simgate run generate --spec generate.yaml --input index#scenes/studio.json") == 2
    assert "no committed index run in domain main" in capfd.readouterr().err


def test_the_table_of_inputs_is_the_stages_rows() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (`[^|]*`.*) \|$", STAGES_PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    said = {stage: re.findall(r"`([\w#/.]+)`", inputs) for stage, inputs in rows if stage in STAGES.names()}
    taken = {row.name: [(item.stage, item.output) for item in row.upstream] for row in STAGES.ours if row.upstream}
    assert {*said} - {"index"} == {*taken} - {"index"}
    for stage, inputs in said.items():
        for text, (upstream, output) in zip(inputs, taken[stage], strict=True):
            name, _, part = text.partition("#")
            assert name == {"snapshot": "scenes"}.get(upstream, upstream)
            assert fnmatch(part, output), f"{stage} takes {output} of {upstream}, the page says {text}"


@pytest.mark.parametrize(("number", "name"), [(0, "dataset.yaml"), (1, "release.yaml")])
def test_the_recipes_in_full_are_those_that_init_writes(number: int, name: str) -> None:
    printed = blocks(RECIPES_PAGE, "yaml")[number]
    written = read_recipe(STARTER / name)
    assert printed == recipe_text(written), f"print it again: simgate recipe show {STARTER / name}"
    assert parse_recipe(printed.encode(), what=name) == written


def test_a_line_of_the_full_recipe_that_no_recipe_has_is_refused() -> None:
    with pytest.raises(InputError, match="colour"):
        parse_recipe(f"{blocks(RECIPES_PAGE, 'yaml')[0]}colour: red\n".encode(), what="dataset.yaml")
