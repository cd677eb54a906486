"""docs/how-to/add-a-place.md, followed to the letter: a stage behind `nice`, offered, run, and refused by name."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from simgate.core.errors import InputError
from simgate.core.identity.key import key_parts, load_inputs
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, make_job
from simgate.plan.slot_name import SlotName
from simgate.rows.places import PLACES
from simgate.specs.probe import ProbeSpec
from simgate_airflow.place.place import stage_class
from tests.demo_recipes import RECIPES
from tests.plugins.test_place import kinds
from tests.probe_jobs import result

PAGE = (Path(__file__).parents[2] / "docs/how-to/add-a-place.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```\w+ file=(\S+)\n(.*?)```", re.DOTALL)
FOLDER = "plans/main/demo-run1"
MOST_PRODUCT_FILES = 3
Wire = Callable[[dict[str, str]], Any]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page's files, installed as a distribution is: modules on the path and entry points beside them."""
    folder = tmp_path / "site"
    blocks = dict(BLOCK.findall(PAGE))
    ((group, points),) = tomllib.loads(blocks.pop("entry_points"))["project"]["entry-points"].items()
    info = folder / "simgate_nice-1.0.dist-info"
    info.mkdir(parents=True)
    for name, text in blocks.items():
        (folder / name).write_text(text, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: simgate-nice\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in blocks), encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    yield folder
    for name in ("nice_place", "nice_row"):
        sys.modules.pop(name, None)
    PLACES._outside.pop("nice", None)


def probe(wire: Wire, store: Store) -> Any:
    """The page's operator for one probe."""
    wire({"SIMGATE_PLACE": "nice", "SIMGATE_STORE": store.url})
    slot = Slot(SlotName(stage="probe"), make_job("probe", ProbeSpec(seed=1), (), domain="main", run_record=FOLDER))
    operator = stage_class("probe")(task_id="probe", stage="probe")
    object.__setattr__(operator, "slots", lambda store, context: (slot,))
    return operator, slot.job


def test_the_page_touches_three_product_files_at_most() -> None:
    assert [name for name, _ in BLOCK.findall(PAGE)] == ["nice_place.py", "nice_row.py", "entry_points"]
    inside = {"plugins/simgate_airflow/place", "tasks/simgate/rows/places.py"}
    assert all(name in PAGE for name in inside)
    assert len(inside) <= MOST_PRODUCT_FILES


def test_a_stage_runs_at_the_page_s_place_and_the_manifest_names_it(site: Path, wire: Wire, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    operator, job = probe(wire, store)
    context = {"dag_run": SimpleNamespace(dag_id="demo", run_id="run1"), "params": {},
               "ti": SimpleNamespace(task_id="probe", map_index=-1)}  # fmt: skip
    (ref,) = type(operator).execute(operator, context)
    manifest = result(store, job)
    assert manifest is not None
    assert ref["uri"].endswith("manifest.json")
    assert manifest.predicate.run_details.builder.id.endswith("nice")
    assert (operator.exit_code, "nice_place" in sys.modules) == (0, True)


def test_a_place_moves_no_key(site: Path, wire: Wire, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    _, job = probe(wire, store)
    wire({"SIMGATE_PLACE": "local"})
    other = make_job("probe", ProbeSpec(seed=1), (), domain="main", run_record=FOLDER)
    keys = [key_parts(item, load_inputs(store, item)).run_key for item in (job, other)]
    assert keys[0] == keys[1]


def test_every_dag_takes_its_operators_from_the_page_s_place(site: Path, wire: Wire) -> None:
    wire({"SIMGATE_PLACE": "nice", "SIMGATE_STORE": "s3://simgate/store", "SIMGATE_RECIPES": str(RECIPES)})
    assert {kinds("build_dataset")[task] for task in ("index", "generate", "validate")} == {"StageNice"}
    assert PLACES.names() == ("local", "pod", "nice")


def test_without_the_distribution_the_place_is_refused_with_those_there_are(wire: Wire) -> None:
    with pytest.raises(InputError, match=r"setting SIMGATE_PLACE is unknown, got nice, expected local \| pod"):
        wire({"SIMGATE_PLACE": "nice"})


def test_a_module_that_is_none_of_its_files_is_refused_by_name(site: Path, wire: Wire) -> None:
    (site / "simgate_nice-1.0.dist-info/RECORD").write_text("nice_row.py,,\n", encoding="utf-8")
    wire({"SIMGATE_PLACE": "nice"})
    with pytest.raises(InputError, match="place nice of distribution simgate-nice names a module that is none of its"):
        stage_class()


@pytest.mark.parametrize(
    ("module", "said"), [(None, "ModuleNotFoundError"), ("import a_queue_that_nobody_has\n", "a_queue_that_nobody_has")]
)
def test_a_module_that_cannot_be_imported_is_its_own_fault(
    site: Path, wire: Wire, module: str | None, said: str
) -> None:
    if module is None:
        (site / "nice_place.py").unlink()
    else:
        (site / "nice_place.py").write_text(module, encoding="utf-8")
    wire({"SIMGATE_PLACE": "nice"})
    with pytest.raises(InputError, match=rf"place nice of distribution simgate-nice cannot be loaded: .*{said}"):
        stage_class()
