"""Imports run one way: no module of ours reaches itself again."""

from __future__ import annotations

from graphlib import TopologicalSorter

import grimp


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph("simgate", "simgate_airflow", cache_dir=None)
    before = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # Its CycleError names the modules of the circle.
    assert len(list(TopologicalSorter(before).static_order())) == len(graph.modules)
