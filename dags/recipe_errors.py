"""Names every recipe that cannot be read, as an import error of this file; the other recipes' DAGs are there still.

It makes no DAG: the one file of Airflow's that is nothing but its error.
"""

from __future__ import annotations

from simgate_airflow.run.recipes import refuse_broken_recipes

refuse_broken_recipes()
