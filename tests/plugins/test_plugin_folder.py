from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOAD = """
import json, sys
import airflow
from airflow import plugins_manager
before = set(sys.modules)
plugins = plugins_manager._get_plugins()[0]
bare = sorted(name for name in set(sys.modules) - before if "." not in name)
heavy = [name for name in ("simgate_airflow.ui.app", "obstore") if name in sys.modules and name not in before]
print(json.dumps([bare, [plugin.name for plugin in plugins], plugins_manager.get_import_errors(), heavy]))
"""


def test_the_plugin_loads_and_leaks_no_module_name(tmp_path: Path) -> None:
    environment = {
        **os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", LOAD], env=environment, capture_output=True, text=True, check=True)
    bare, plugins, errors, heavy = json.loads(done.stdout.splitlines()[-1])
    ours = {path.stem for path in (ROOT / "plugins").rglob("*.py")}
    assert set(bare) & ours == {"simgate_plugin"}
    assert "simgate" in plugins
    assert errors == {}
    assert heavy == [], "every component loads the plugin, and only the API server serves pages"
