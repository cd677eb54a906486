"""Images: the Containerfile says what the table says, builds from what is there, and every image has a valid SBOM."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from images import bases, build, sbom
from images.table import CONTAINERFILE, IMAGES, ROOT
from simgate.core.errors import InputError
from simgate.rows.stages import STAGES
from tests.servers import containerfile
from tests.servers.containerfile import Ignored

FOUND = containerfile.read(CONTAINERFILE)
PYTHON_IMAGES = [image.name for image in IMAGES.values() if image.extras and image.name != "isaac-sim"]


def test_the_page_says_of_each_image_which_stages_run_in_it() -> None:
    page = (ROOT / "docs/images.md").read_text(encoding="utf-8")
    for image in (image for image in IMAGES.values() if image.stages):
        assert f"| `{image.name}` | {', '.join(image.stages)} |" in page


def test_every_stage_runs_in_one_image_and_that_image_has_its_libraries() -> None:
    places = [(stage, image) for image in IMAGES.values() for stage in image.stages]
    assert sorted(stage for stage, _ in places) == sorted(STAGES.names())
    assert all(image.extras == (STAGES.find(stage).extra,) for stage, image in places)


def test_every_image_is_a_target_and_every_extra_has_a_lock() -> None:
    assert set(IMAGES) <= set(FOUND)
    assert all((ROOT / "locks" / f"{extra}.txt").is_file() for image in IMAGES.values() for extra in image.extras)


@pytest.mark.parametrize("name", IMAGES)
def test_the_environment_of_an_image_is_made_of_its_own_locks(name: str) -> None:
    copied = {copy.stage for copy in FOUND[name].copies if copy.target == "/opt/simgate/venv"}
    stage = FOUND[copied.pop()] if copied else FOUND[name]
    synced = {Path(word).stem for run in stage.runs if run[:3] == ["uv", "pip", "sync"] for word in run if "." in word}
    assert synced == set(IMAGES[name].extras)


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_runs_as_nobody_from_a_base_by_digest_with_its_licence_and_its_sbom(name: str) -> None:
    stage = FOUND[name]
    assert stage.user == "10001:10001"
    assert bases.PINNED.fullmatch(stage.base), stage.base
    assert {"title", "description", "licenses"} <= {label.rpartition(".")[2] for label in stage.labels}
    assert any(copy.sources == (f"sbom/{name}.cdx.json",) for copy in stage.copies)


@pytest.mark.parametrize("name", IMAGES)
def test_what_an_image_runs_is_a_program_and_not_a_shell(name: str) -> None:
    words = [*FOUND[name].entrypoint, *FOUND[name].command]
    assert words[0] in ("python", "airflow", "minio")
    assert all(run[0] not in ("sh", "bash") for stage in FOUND.values() for run in stage.runs)


def test_everything_that_is_copied_is_in_the_build_context() -> None:
    ignored = Ignored(ROOT / ".dockerignore")
    sources = {name for stage in FOUND.values() for copy in stage.copies if not copy.stage for name in copy.sources}
    missing = {name for name in sources if not name.startswith("sbom/") and not (ROOT / name).exists()}
    assert not missing
    assert not {name for name in sources if ignored(name.rstrip("/"))}


@pytest.mark.parametrize(
    "name",
    [".env", ".git/config", ".venv/bin/python", ".simgate/store/ledger", "tasks/simgate/__pycache__/a.pyc", "tests/x"],
)
def test_secrets_history_and_caches_stay_out_of_the_build_context(name: str) -> None:
    assert Ignored(ROOT / ".dockerignore")(name)


def test_what_a_stage_copies_from_another_is_made_there() -> None:
    names = list(FOUND)
    for stage in FOUND.values():
        assert all(names.index(copy.stage) < names.index(stage.name) for copy in stage.copies if copy.stage)


@pytest.mark.parametrize("name", PYTHON_IMAGES)
def test_the_locks_of_an_image_agree_with_each_other(name: str) -> None:
    packages = [pin.split("==")[0] for pin in sbom.pins(IMAGES[name])]
    assert len(packages) == len(set(packages))


def test_the_sbom_of_every_image_is_valid_and_complete() -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    for image in IMAGES.values():
        made = sbom.bill(image)
        error = validator.validate_str(json.dumps(made))
        assert error is None, str(error)[:500]
        found = {(part["name"].lower(), part.get("version")) for part in made["components"]}
        wanted = {tuple(pin.split("==")) for pin in sbom.pins(image)}
        assert wanted <= found
        assert made["metadata"]["component"]["name"] == f"simgate/{image.name}"


def test_the_sbom_of_minio_names_the_module_that_is_built() -> None:
    (run,) = FOUND["minio-build"].runs
    path, _, version = run[-1].partition("@")
    parts = sbom.bill(IMAGES["minio"])["components"]
    assert (path, version) in {(part["name"], part["version"]) for part in parts}
    assert len(parts) > 200


def test_the_containerfile_has_no_lint() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), CONTAINERFILE], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_build_names_its_target_its_commit_and_where_the_code_is_from() -> None:
    command = build.build_command("buildah", IMAGES["light"], "registry.example/sim", revision="abc", source="")
    assert command[:3] == ["buildah", "build", "--layers"]
    assert "--target=light" in command
    assert f"--tag=registry.example/sim/light:{sbom.version()}" in command
    assert [word for word in command if word.startswith("--label")] == [
        f"--label=org.opencontainers.image.version={sbom.version()}", "--label=org.opencontainers.image.revision=abc",
    ]  # fmt: skip


def test_without_an_engine_the_build_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert build.main(["light"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no engine here can build images" in line
    assert "buildah" in line


def test_an_unknown_image_is_refused_with_those_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "buildah", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert build.main(["--engine", "buildah", "heavy"]) == 2
    with pytest.raises(InputError, match=r"no such image, got heavy, expected light \| sim"):
        build._image("heavy")


def test_pinning_writes_the_digest_of_what_the_registry_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path / "skopeo", 'printf \'{"manifest": "%s"}\' "$3"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    file = tmp_path / "Containerfile"
    file.write_text(f"ARG A=example.org/python:3.11@sha256:{'a' * 64}\nARG B=example.org/go:1@sha256:{'b' * 64}\n")
    assert bases.pin(file) == 2
    digest = hashlib.sha256(b'{"manifest": "docker://example.org/python:3.11"}').hexdigest()
    assert f"ARG A=example.org/python:3.11@sha256:{digest}" in file.read_text()
    assert bases.pin(file) == 0
    assert "moved" in capsys.readouterr().out


def program(path: Path, line: str) -> None:
    """A stand-in for a tool that this machine may lack."""
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
