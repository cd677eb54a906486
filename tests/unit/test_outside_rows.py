"""Rows of other people's distributions: found by entry point, part of the key, named by the manifest and by errors."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from simgate.core.errors import InputError
from simgate.core.identity.distribution import Distribution, check_distributions, check_loaded, distribution
from simgate.core.identity.key import key_parts, load_inputs
from simgate.core.runtime.events import Events
from simgate.core.runtime.job import Job
from simgate.core.runtime.stage import run_job
from simgate.core.runtime.stop import Stop
from simgate.core.storage.store import Store
from simgate.plan.jobs import make_job
from simgate.probe.stage import STAGE
from simgate.rows.engines import ENGINES
from simgate.rows.names import rows_named
from simgate.rows.runtime import runtime_of
from simgate.rows.simulators import SIMULATORS
from simgate.sim.opening import open_simulator
from simgate.specs.evaluate import ClosedLoopSpec
from simgate.specs.generate import GenerateSpec
from tests.demo_recipes import demo_dataset_recipe, demo_release_recipe
from tests.probe_jobs import events, probe_job, result, run, submit

NUMBERS = count(1)
ROW = """
from simgate.rows.simulators import SimulatorRow
ROW = SimulatorRow(name="{name}", module="{name}.world", extra="", image="{image}")
"""
Install = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Lay a distribution on sys.path as an installed wheel lies there; its name, which is its row's too."""

    def lay(code: str = ROW, *, row: str = "", image: str = "toys", **url: object) -> str:
        name = f"toy{next(NUMBERS)}"
        site, files = tmp_path / name, {}
        files[f"{name}/__init__.py"] = code.format(name=row or name, image=image)
        files[f"{name}/world.py"] = "WORLD = 1\n"
        info = f"{name}-1.2.dist-info"
        files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n"
        files[f"{info}/entry_points.txt"] = f"[simgate.simulators]\n{row or name} = {name}:ROW\n"
        if url:
            files[f"{info}/direct_url.json"] = json.dumps({"url": "file:///x", **url})
        files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
        for file, text in files.items():
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            (site / file).write_text(text)
        monkeypatch.syspath_prepend(str(site))
        distribution.cache_clear()
        return name

    return lay


def shard(simulator: str) -> GenerateSpec:
    simulation = {**demo_dataset_recipe().simulation.model_dump(), "simulator": simulator}
    return GenerateSpec(**simulation, scene="office", first_episode=0, episodes=1)


def planned(simulator: str) -> Job:
    return make_job("generate", shard(simulator), (), domain="main", run_record="plans/main/test")


def edit(name: str, file: str = "world.py", text: str = "WORLD = 2\n") -> None:
    place = next(Path(path) for path in sys.path if Path(path).name == name)
    (place / name / file).write_text(text)
    distribution.cache_clear()


def test_a_simulator_of_another_distribution_is_asked_for_as_ours_is(install: Install) -> None:
    name = install()
    found = runtime_of("generate", shard(name))
    assert found.distributions == (name,)
    assert found.image == "toys"
    assert found.named == {"simulator": (name, name)}
    assert found.modules == ("simgate.generate.stage",)
    assert SIMULATORS.names()[:2] == ("newton", "isaac")


def test_a_closed_loop_names_its_simulator_too(install: Install) -> None:
    name = install()
    simulation = demo_dataset_recipe().simulation.model_copy(update={"simulator": name})
    spec = demo_release_recipe().evaluate_spec(simulation, "warehouse")
    assert [row.name for _, row in rows_named(spec)] == ["navigator", name]
    assert isinstance(spec.closed_loop, ClosedLoopSpec)
    assert runtime_of("evaluate", spec).distributions == (name,)
    assert runtime_of("evaluate", spec).extras == ("torch",)


def test_a_simulator_picks_the_image_that_its_runs_need() -> None:
    assert runtime_of("generate", shard("newton")).image == "sim"
    assert runtime_of("evaluate", shard("newton")).image == "torch"
    assert runtime_of("generate", shard("isaac")).image == "isaac-sim"


def add(name: str, file: str, text: str, *, listed: bool) -> None:
    """Lay another file into the installed distribution's folder, in its RECORD or beside it."""
    site = next(Path(path) for path in sys.path if Path(path).name == name)
    (site / file).parent.mkdir(parents=True, exist_ok=True)
    (site / file).write_text(text)
    if listed:
        record = site / f"{name}-1.2.dist-info" / "RECORD"
        record.write_text(f"{record.read_text()}{file},,\n")
    distribution.cache_clear()


@pytest.mark.parametrize("file", ["{}-1.2.dist-info/entry_points.txt", "{}/world.pyc", "{}/my__pycache__/x.py"])
def test_everything_that_python_may_import_or_begin_with_is_in_the_digest(install: Install, file: str) -> None:
    name = install()
    place = file.format(name)
    add(name, place, "[x]\na = b:C\n", listed="entry_points" not in place)
    before = distribution(name).sha256
    add(name, place, "[x]\na = b:D\n", listed=False)
    assert distribution(name).sha256 != before


def test_code_beside_a_distribution_is_refused_once_it_is_loaded(install: Install) -> None:
    name = install()
    importlib.import_module(f"{name}.world")
    check_loaded([name])
    add(name, f"{name}/beside.py", "X = 1\n", listed=False)
    importlib.invalidate_caches()
    importlib.import_module(f"{name}.beside")
    with pytest.raises(InputError, match=rf"module {name}.beside is none of the files of distribution {name}"):
        check_loaded([name])


def test_a_folder_that_comes_before_the_distribution_is_refused_once_it_is_loaded(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = install()
    (tmp_path / "before" / name).mkdir(parents=True)
    (tmp_path / "before" / name / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "before"))
    importlib.import_module(name)
    with pytest.raises(InputError, match="so that the key covers it"):
        check_loaded([name])


def test_a_row_that_lies_in_another_distributions_module_is_refused(install: Install) -> None:
    name, other = install(), install()
    add(name, f"{name}-1.2.dist-info/entry_points.txt", f"[simgate.simulators]\n{name} = {other}:ROW\n", listed=False)
    add(other, f"{other}/__init__.py", ROW.format(name=name, image="toys"), listed=False)
    with pytest.raises(InputError, match="names a module that is none of its files"):
        SIMULATORS.find(name)


def test_a_distribution_that_takes_our_name_is_refused(install: Install) -> None:
    name = install()
    site = next(Path(path) for path in sys.path if Path(path).name == name)
    (site / f"{name}-1.2.dist-info").rename(site / "simgate-1.2.dist-info")
    (site / "simgate-1.2.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: simgate\nVersion: 1.2\n")
    with pytest.raises(InputError, match="a distribution that calls itself simgate brings simulator"):
        SIMULATORS.find(name)


def test_the_key_moves_with_the_distribution_s_files_and_with_nothing_else(install: Install, tmp_path: Path) -> None:
    name, store = install(), Store(str(tmp_path / "store"))

    def key() -> str:
        job = planned(name)
        return key_parts(job, load_inputs(store, job)).run_key

    before = key()
    edit(name, "notes.txt", "in no RECORD")
    assert key() == before
    edit(name)
    assert key() != before


def test_a_job_says_which_distribution_it_was_planned_with(install: Install) -> None:
    name = install()
    (used,) = planned(name).distributions
    assert (used.name, used.version) == (name, "1.2")
    assert Job.from_json(planned(name).to_json(), what="job") == planned(name)
    assert "distributions" not in planned("newton").to_json().decode()


def test_a_process_without_the_distribution_refuses_the_job_by_name(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    missing = Distribution(name="far-away", version="3.0", sha256="0" * 64)
    job = probe_job(1).model_copy(update={"distributions": (missing,)})
    ended = run(store, submit(store, job))
    assert ended.returncode == 2
    assert "distribution far-away is not installed here" in events(ended.stderr)[-1]["message"]
    assert not store.keys("runs")


def test_a_process_with_another_build_of_it_refuses_the_job_and_names_both(install: Install) -> None:
    name = install()
    asked = planned(name).distributions
    check_distributions(asked)
    edit(name)
    with pytest.raises(InputError, match=rf"{name} 1\.2 \(files [0-9a-f]+\), expected {name} 1\.2 \(files"):
        check_distributions(asked)


def test_a_job_that_forgets_the_distribution_is_refused(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, store = install(), Store(str(tmp_path / "store"))
    stage = replace(STAGE, runtime_of=lambda spec: replace(runtime_of("probe", spec), distributions=(name,)))
    submit(store, probe_job(1))
    key = "plans/main/test/job.json"
    assert run_job(stage, key, store, stop=Stop(), place="local", events=Events(stage="probe")) == 2
    assert f"{name} 1.2" in capsys.readouterr().err


def test_the_manifest_names_the_distribution(install: Install, tmp_path: Path) -> None:
    name, store = install(), Store(str(tmp_path / "store"))
    stage = replace(STAGE, runtime_of=lambda spec: replace(runtime_of("probe", spec), distributions=(name,)))
    job = probe_job(1).model_copy(update={"distributions": (distribution(name),)})
    key = submit(store, job)
    assert run_job(stage, key, store, stop=Stop(), place="local", events=Events(stage="probe")) == 0
    manifest = result(store, job)
    assert manifest is not None
    assert manifest.predicate.build_definition.internal_parameters.distributions == (distribution(name),)


@pytest.mark.parametrize(
    ("code", "row", "said"),
    [
        (
            "raise RuntimeError('no display')",
            "",
            r"of distribution toy\d+ cannot be loaded: RuntimeError\('no display'\)",
        ),
        ("ROW = 7", "", r"in distribution toy\d+ is no row of this name"),
        (ROW.replace("{name}.world", "json"), "", r"toy\d+ names a module that is none of its files, got json"),
        (ROW, "newton", None),
    ],
)
def test_a_fault_in_it_is_reported_as_its_own(install: Install, code: str, row: str, said: str | None) -> None:
    name = install(code, row=row)
    if said is None:
        assert SIMULATORS.find("newton").distribution == "simgate"
        return
    with pytest.raises(InputError, match=said):
        SIMULATORS.find(name)


def test_a_module_of_it_that_cannot_be_imported_is_its_own_fault(install: Install, tmp_path: Path) -> None:
    name = install()
    edit(name, text="import a_library_that_nobody_has\n")
    with pytest.raises(InputError, match=f"simulator {name} of distribution {name} cannot be loaded: ModuleNotFound"):
        open_simulator(shard(name).model_copy(update={"simulator_version": "1.2"}), tmp_path)


def test_a_row_of_ours_whose_module_comes_later_is_refused_and_a_missing_library_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(
        InputError, match=r"this build has no engine target tensorrt, got no module simgate\.engine\.ten"
    ):
        ENGINES.module("tensorrt")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "simgate.engine.onnx", raising=False)
    with pytest.raises(ModuleNotFoundError, match="onnxruntime"):
        ENGINES.module("onnxruntime-cpu")


def test_two_distributions_of_one_simulator_are_refused_by_name(install: Install) -> None:
    first, second = install(row="twice"), install(row="twice")
    with pytest.raises(InputError, match=f"distributions {first} and {second} both bring this simulator"):
        SIMULATORS.find("twice")


@pytest.mark.parametrize(
    ("url", "said"), [({"dir_info": {"editable": True}}, "an editable installation"), ({}, "gone")]
)
def test_files_that_nobody_can_say_are_refused(install: Install, url: dict[str, object], said: str) -> None:
    name = install(**url)
    if not url:
        place = next(Path(path) for path in sys.path if Path(path).name == name)
        (place / name / "world.py").unlink()
    with pytest.raises(InputError, match=said):
        planned(name)


def test_an_unknown_simulator_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no such simulator; there are newton, isaac"):
        shard("gazebo")
