"""What a run found is recorded; what a spec pins is there, or the stage refuses before it begins."""

from __future__ import annotations

import json
import os
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgate.core.documents.stage_spec import EnvironmentPins
from simgate.core.errors import InputError
from simgate.core.identity.cpu import instruction_sets
from simgate.core.identity.environment import Environment, Gpu, Observed, _gpus, check_pins, environment
from simgate.core.runtime.job import Job
from simgate.core.storage.store import Store
from simgate.rows.runtime import runtime_of
from simgate.specs.evaluate import ClosedLoopSpec
from simgate.specs.generate import GenerateSpec
from simgate.specs.probe import ProbeSpec
from simgate.specs.recipe import ReleaseRecipe
from tests.demo_recipes import demo_dataset_recipe, demo_release_recipe
from tests.probe_jobs import attempt_folders, events, probe_job, result, run, run_key, submit

GOLDEN = Path(__file__).parents[1] / "golden"
IMAGE = "registry.example/simgate-light@sha256:" + "a" * 64


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("SIMGATE_IMAGE", IMAGE)
    return Store(str(tmp_path / "store"))


def pinned(**pins: Any) -> Job:
    return probe_job(1, environment=EnvironmentPins(**pins))


def test_a_run_records_machine_libraries_and_image(store: Store) -> None:
    job = probe_job(1)
    assert run(store, submit(store, job)).returncode == 0
    manifest = result(store, job)
    assert manifest is not None
    observed = Observed.from_json(store.read(manifest.artifact("observed.json")), what="observed")
    found = observed.environment
    assert observed.version == 2
    assert found.image == IMAGE
    assert found.kernel == os.uname().release
    assert found.cpu.startswith(os.uname().machine)
    assert found.libc == os.confstr("CS_GNU_LIBC_VERSION")
    assert found.packages["numpy"] == metadata.version("numpy")
    # The probe's lock slice has no PyTorch and its spec no simulator.
    assert (found.cuda, found.named) == ({}, {})


def test_a_stage_with_a_simulator_and_pytorch_records_both_without_loading_them() -> None:
    found = environment(runtime_of("evaluate", demo_dataset_recipe()))
    assert found.named["simulator"] == f"newton {metadata.version('newton')}"
    told = [
        line for line in metadata.distribution("torch").locate_file("torch/version.py").read_text().splitlines()
        if line.startswith("cuda")
    ]  # fmt: skip
    assert found.cuda.get("torch", "None") in told[0]


def test_what_version_1_recorded_is_still_read() -> None:
    old = Observed.from_json((GOLDEN / "observed-v1.json").read_bytes(), what="golden")
    assert (old.version, old.environment.cuda, old.environment.gpus) == (1, {}, ())
    data = (GOLDEN / "observed-v2.json").read_bytes()
    new = Observed.from_json(data, what="golden")
    assert new.version == 2
    assert new.environment.gpus == (Gpu(name="NVIDIA H200", compute_capability="9.0"),)
    assert new.to_json() == data.strip()


SMI = """#!/bin/sh
test "$*" = "--query-gpu=name,compute_cap --format=csv,noheader" || exit 9
"""


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (SMI + "echo 'NVIDIA H200, 9.0'; echo 'NVIDIA L4, 8.9'", (("NVIDIA H200", "9.0"), ("NVIDIA L4", "8.9"))),
        (SMI + "echo 'No devices were found'; exit 6", ()),
    ],
)
def test_gpus_are_what_the_driver_s_tool_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, expected: tuple[tuple[str, str], ...]
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(script)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    _gpus.cache_clear()
    try:
        assert [(gpu.name, gpu.compute_capability) for gpu in environment(runtime_of("probe")).gpus] == list(expected)
    finally:
        _gpus.cache_clear()


def test_pins_that_hold_let_the_stage_run(store: Store) -> None:
    job = pinned(image=IMAGE, packages={"numpy": metadata.version("numpy")})
    ended = run(store, submit(store, job))
    assert ended.returncode == 0, ended.stderr
    manifest = result(store, job)
    assert manifest is not None
    assert manifest.spec["environment"]["image"] == IMAGE


def test_pins_that_do_not_hold_are_all_listed_and_no_attempt_is_begun(store: Store) -> None:
    numpy, packages = metadata.version("numpy"), {"numpy": "1.0.0", "no-such-package": "2.0", "pydantic": "9"}
    job = pinned(
        gpu_driver="999.1", cuda={"torch": "99.9"}, image="other", cpu="z80", named={"simulator": "newton 0.1"},
        packages=packages,
    )  # fmt: skip
    ended = run(store, submit(store, job))
    assert ended.returncode == 2
    said = events(ended.stderr)[-1]["message"]
    for difference in (
        "gpu_driver is ", "pinned to 999.1", "cuda of torch is not there, pinned to 99.9",
        f"image is {IMAGE}, pinned to other",
        f"cpu is {instruction_sets()}, pinned to z80", "simulator is not there, pinned to newton 0.1",
        f"package numpy is {numpy}, pinned to 1.0.0",
        "package no-such-package is not there, pinned to 2.0", "package pydantic is ",
    ):  # fmt: skip
        assert difference in said
    assert attempt_folders(store, job) == set()
    assert not store.keys("memo")


@pytest.mark.parametrize(
    ("pin", "installed", "holds"),
    [
        ("2.0", "2.0", True),
        ("2.0", "2.0+cpu", True),
        ("2.0+cpu", "2.0+cpu", True),
        ("2.0+cpu", "2.0", False),
        ("2.0+cpu", "2.0+cu13", False),
        ("2.0", "2.0.1", False),
        ("", "2.0", True),
    ],
)
def test_a_pinned_version_holds_for_its_local_builds(pin: str, installed: str, holds: bool) -> None:
    found = Environment(
        host="", system="", python="", cpu_count=1, gpu_driver="", image="", packages={}, cuda={"torch": installed}
    )
    try:
        check_pins(EnvironmentPins(cuda={"torch": pin}), found)
    except InputError:
        assert not holds
    else:
        assert holds


def test_without_pins_a_spec_has_the_bytes_that_it_always_had() -> None:
    golden = (GOLDEN / "job-v1.json").read_bytes()
    job = Job.from_json(golden, what="golden")
    spec = ProbeSpec.from_value(job.spec, what="spec")
    assert spec.environment == EnvironmentPins()
    assert spec.model_dump(mode="json") == job.spec
    assert job.to_json() == golden.strip()
    assert ProbeSpec(seed=1, environment=EnvironmentPins()).to_json() == ProbeSpec(seed=1).to_json()


def test_pins_are_part_of_the_key(store: Store) -> None:
    jobs = (probe_job(1), pinned(), pinned(image=IMAGE), pinned(cuda={"torch": "13.0"}))
    assert len({run_key(store, job) for job in jobs}) == 3


def test_recipes_carry_pins_to_every_stage_and_read_back() -> None:
    pins = EnvironmentPins(gpu_driver="580.1")
    dataset = demo_dataset_recipe()
    simulation = dataset.simulation.model_copy(update={"environment": pins})
    release = demo_release_recipe().model_copy(update={"evaluate_environment": pins})
    assert ReleaseRecipe.from_json(release.to_json(), what="recipe") == release
    assert "environment" not in demo_release_recipe().to_json().decode()
    shard = GenerateSpec(**simulation.model_dump(), scene="office", first_episode=0, episodes=1)
    assert shard.environment == pins
    # Nobody would look at pins of the closed loop's simulation: evaluate's own are looked at.
    with pytest.raises(ValueError, match="nobody would check it"):
        ClosedLoopSpec(generate=shard)


@settings(max_examples=100, deadline=None)
@given(value=st.dictionaries(st.sampled_from(["gpu_driver", "image", "cpu"]), st.text(max_size=20)))
def test_pins_read_back_as_written(value: dict[str, Any]) -> None:
    try:
        spec = ProbeSpec(seed=1, environment=EnvironmentPins(**value))
    except ValueError:
        return
    assert ProbeSpec.from_json(spec.to_json(), what="spec") == spec


def test_a_wrong_pin_names_its_field(store: Store) -> None:
    job = probe_job(1)
    bad = job.model_copy(update={"spec": {**job.spec, "environment": {"packages": {"NumPy!": "1"}}}})
    ended = run(store, submit(store, bad))
    assert ended.returncode == 2
    assert "environment" in json.loads(ended.stderr.splitlines()[-1])["message"]
