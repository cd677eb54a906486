from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from simgate.core.errors import InputError
from simgate.rows.stages import STAGES
from simgate_airflow.place.pod_settings import MAX_FILE_BYTES, PodsSettings, StagePods, Toleration, read_pods_settings
from tests.pods.pod_world import DIGEST, FILE, IMAGES, pods


def test_a_stage_has_its_own_settings_where_given_and_the_defaults_else() -> None:
    train = pods().of("train")
    assert (train.memory, train.cpu, train.scratch, train.gpus) == ("256Gi", "2", "20Gi", 8)
    assert pods().of("probe").memory == "4Gi"
    assert pods(stages={}).of("probe") == StagePods()


def test_every_stage_finds_its_image_and_a_missing_one_is_named() -> None:
    assert {pods().image(stage) for stage in STAGES.names()} == set(IMAGES.values())
    with pytest.raises(InputError, match=r"no image for stage train.*images\.torch.*SIMGATE_PODS"):
        pods(images={"light": IMAGES["light"]}).image("train")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version"),
        ({"namespace": "Sim Gate"}, "namespace"),
        ({"images": {"light": "registry.example.org/simgate:1.0"}}, r"images.light.*by digest"),
        ({"images": {"light": f"simgate:1.0@sha256:{DIGEST[:-1]}"}}, r"images.light.*by digest"),
        ({"images": {"heavy": IMAGES["light"]}}, "images.heavy"),
        ({"environment": {"SIMGATE_IMAGE": "mine"}}, "SIMGATE_IMAGE is set by simgate"),
        ({"environment": {"AWS_SECRET_ACCESS_KEY": "x"}}, "looks like a secret"),
        ({"environment": {"OPENAI_API_KEY": "x"}}, "looks like a secret"),
        ({"environment": {"DATABASE_URL": "postgresql://me:secret@db/x"}}, "a URL with an account in it"),
        ({"environment": {"lower": "x"}}, "environment"),
        ({"stages": {"trian": {}}}, "stages.trian: no such stage"),
        ({"stages": {"generate": {"nodes": 2}}}, r"stages.generate.nodes is 2; train alone"),
        ({"stages": {"default": {"nodes": 2}}}, r"stages.default.nodes is 2; train alone"),
        ({"stages": {"train": {"memory": "4 GB"}}}, r"stages.train.memory: got '4 GB'.*quantity"),
        ({"stages": {"train": {"cpu": True}}}, r"stages.train.cpu"),
        ({"stages": {"train": {"gpus": -1}}}, r"stages.train.gpus: got -1"),
        ({"stages": {"train": {"memry": "4Gi"}}}, r"stages.train.memry"),
        ({"stages": {"train": {"tolerations": [{"effect": "Never"}]}}}, r"stages.train.tolerations.0.effect"),
        ({"host_network": True}, "host_network"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_field(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        pods(**change)


def test_a_file_is_read_and_one_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pods.yaml"
    path.write_text(yaml.safe_dump(FILE))
    assert read_pods_settings(path) == pods()
    for text in ("a: [", "- 1", "", "x" * (MAX_FILE_BYTES + 1), "!!python/object:os.system {}"):
        path.write_text(text)
        with pytest.raises(InputError, match=r"pods\.yaml"):
            read_pods_settings(path)
    with pytest.raises(InputError, match="cannot read"):
        read_pods_settings(tmp_path / "none.yaml")


@pytest.mark.parametrize("document", [PodsSettings, StagePods, Toleration])
def test_every_field_is_documented(document: type) -> None:
    import ast
    import inspect
    from itertools import pairwise

    body = ast.parse(inspect.getsource(document)).body[0].body  # type: ignore[attr-defined]
    plain = {"version", "operator"}
    for field, after in pairwise(body):
        if isinstance(field, ast.AnnAssign) and ast.unparse(field.target) not in plain:
            assert isinstance(after, ast.Expr), f"{document.__name__}.{ast.unparse(field.target)} has no docstring"
