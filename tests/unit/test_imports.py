"""Imports run one way: no module of ours reaches itself again, and the product does not know its demo."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PRODUCT = ("tasks", "plugins", "dags")


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph("simgate", "simgate_airflow", cache_dir=None)
    before = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # Its CycleError names the modules of the circle.
    assert len(list(TopologicalSorter(before).static_order())) == len(graph.modules)


def test_the_product_names_no_path_of_the_demo() -> None:
    files = [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".py", ".md")]
    assert len(files) > 100
    assert not [path for path in files if "examples/" in path.read_text(encoding="utf-8")]
