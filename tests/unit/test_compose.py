"""docker-compose.yml, read without an engine: no default secret, no open port, no right too many. The soak runs it."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from compose import env
from images import bases, sbom
from images.table import IMAGES
from simgate.rows.roles import ROLES, role_name
from tests.servers import compose

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compose") / ".env"
    assert env.make(path)
    return path


@pytest.fixture(scope="module")
def document(made: Path) -> dict[str, Any]:
    return compose.read(FILE, compose.variables_of(made))


def services(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(document["services"].items())


def test_it_is_what_the_compose_specification_allows() -> None:
    words: list[str | Path] = [
        Path(sys.executable).with_name("check-jsonschema"),
        "--builtin-schema",
        "vendor.compose-spec",
        FILE,
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_without_secrets_nothing_starts() -> None:
    with pytest.raises(compose.Refused, match=r"required variable SIMGATE_\w+ is missing a value: run compose/env.py"):
        compose.read(FILE, {})


@pytest.mark.parametrize("name", [*env.SECRETS, env.FERNET_KEY])
def test_each_secret_is_asked_for_and_none_may_be_empty(name: str, made: Path) -> None:
    with pytest.raises(compose.Refused, match=name):
        compose.read(FILE, {**compose.variables_of(made), name: ""})


def test_nothing_that_looks_like_a_secret_has_a_value_in_the_file() -> None:
    secret = re.compile(r"(PASSWORD|SECRET|_KEY|FERNET)\w*:")
    for line in FILE.read_text().splitlines():
        if secret.search(line) and "_FILE:" not in line and "_KEYS:" not in line:
            assert ":?run compose/env.py}" in line, line


def test_the_secrets_are_made_once_for_their_owner_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / ".env"
    assert env.main([str(path)]) == 0
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert env.main([str(path)]) == 0
    assert path.read_bytes() == before
    values = [value for name, value in compose.variables_of(path).items()]
    assert len(set(values)) == len(values)
    assert all(len(value) >= 44 for value in values)
    assert not any(value in capsys.readouterr().out for value in values)


def test_a_file_of_secrets_that_lacks_one_is_left_alone_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / ".env"
    env.make(path)
    path.write_text(path.read_text().replace("SIMGATE_JWT_SECRET", "SIMGATE_OLD"))
    assert env.main([str(path)]) == 2
    assert "lacks SIMGATE_JWT_SECRET" in capsys.readouterr().err


def test_it_is_made_by_any_python_before_anything_is_installed(tmp_path: Path) -> None:
    words: list[str | Path] = [sys.executable, "-I", "-S", ROOT / "compose" / "env.py", tmp_path / ".env"]
    assert subprocess.run(words, capture_output=True, timeout=30).returncode == 0


def test_every_service_is_hardened(document: dict[str, Any]) -> None:
    for name, service in services(document):
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        limits = service["deploy"]["resources"]["limits"]
        assert limits.keys() == {"cpus", "memory", "pids"}, name
        assert not service.get("user", "10001:10001").startswith("0"), name


def test_ports_are_this_machines_alone(document: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services(document) if "ports" in service}
    assert published == {
        "minio": ["127.0.0.1:9000:9000"], "mlflow": ["127.0.0.1:5000:5000"], "api-server": ["127.0.0.1:8080:8080"],
    }  # fmt: skip
    assert document["networks"]["inside"] == {"internal": True}
    outside = {name for name, service in services(document) if "outside" in service["networks"]}
    assert outside == set(published)


def test_what_lasts_has_a_health_check_and_what_ends_is_waited_for_to_its_end(document: dict[str, Any]) -> None:
    for name, service in services(document):
        for needed, how in service.get("depends_on", {}).items():
            lasts = "healthcheck" in document["services"][needed]
            wanted = "service_healthy" if lasts else "service_completed_successfully"
            assert how == {"condition": wanted}, (name, needed)
        if service["restart"] == "unless-stopped":
            assert service["healthcheck"]["test"][0] == "CMD", name
    # `docker compose up --wait` calls an end a failure where nobody waits for it.
    needed = {name for _, service in services(document) for name in service.get("depends_on", {})}
    assert {name for name, service in services(document) if "healthcheck" not in service} <= needed


def test_images_are_ours_by_version_or_by_digest(document: dict[str, Any]) -> None:
    ours = {f"simgate/{name}:{sbom.version()}" for name in IMAGES}
    for name, service in services(document):
        assert service["image"] in ours or bases.PINNED.fullmatch(service["image"]), name


def test_who_runs_stages_says_in_which_image(document: dict[str, Any]) -> None:
    said = {name: one["environment"]["SIMGATE_IMAGE"] for name, one in services(document) if "scheduler" in name}
    assert said
    assert said == {name: document["services"][name]["image"] for name in said}


def test_volumes_are_declared_and_none_is_a_folder_of_the_host(document: dict[str, Any]) -> None:
    used = {volume for _, service in services(document) for volume, *_ in compose.mounts(service)}
    assert used == set(document["volumes"])


def test_keys_of_a_role_reach_those_alone_who_act_in_it(document: dict[str, Any]) -> None:
    keys = {
        name: (folder or "all", read_only)
        for name, service in services(document)
        for volume, folder, _, read_only in compose.mounts(service)
        if volume == "keys"
    }
    assert keys == {
        "store": ("all", False), "scenes": (role_name("pusher", "main"), True), "scheduler": ("all", True),
        "api-server": ("reader", True), "triggerer": ("reader", True),
    }  # fmt: skip
    assert "reader" in ROLES


def test_every_value_of_an_environment_is_text(document: dict[str, Any]) -> None:
    for _, service in services(document):
        json.dumps(compose.environment(service))


def test_an_older_airflow_setting_is_none_of_ours(document: dict[str, Any]) -> None:
    """Airflow takes any name in silence: each must be one that its configuration knows."""
    from airflow.configuration import conf

    asked = compose.environment(document["services"]["scheduler"])
    described = {
        f"AIRFLOW__{section}__{key}".upper()
        for section, found in conf.configuration_description.items()
        for key in found["options"]
    }
    assert {name for name in asked if name.startswith("AIRFLOW__")} <= described
