"""simgate-airflow start, simgate-airflow stop: an Airflow on this machine for the project that one stands in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from simgate.core.errors import InputError, SimgateError
from simgate.specs.recipe import DATASET_DAG, RELEASE_DAG
from simgate.specs.recipe_file import read_recipes
from simgate_airflow.local.project import Project, project_in
from simgate_airflow.local.standalone import LocalAirflow, find
from simgate_airflow.local.standalone import start as start_airflow

CHECKOUT = Path(__file__).parents[3]
APPROVER = "release-manager"
INTERRUPTED = 130

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="An Airflow on this machine, with SQLite, for the project in the current folder.",
)  # fmt: skip


@app.command()
def start() -> None:
    """Start Airflow here, wait until it is healthy, and say where a person answers; it runs on until `stop`.

    Where it runs already, only say where.
    """
    project = project_in(Path.cwd(), os.environ)
    airflow = find(project.airflow_home)
    if airflow is None:
        print("starting Airflow, half a minute or more", flush=True)
        airflow = _launch(project)
    _tell(airflow, project)


@app.command()
def stop() -> None:
    """Stop the Airflow that runs here, with everything that it started."""
    airflow = find(project_in(Path.cwd(), os.environ).airflow_home)
    if airflow is None:
        print("no Airflow of this project runs")
        return
    airflow.stop()
    print("Airflow is stopped")


def main() -> None:
    """Run the command and exit: 0 done, 1 failed, 2 wrong input, 130 Ctrl-C."""
    # Airflow's database and passwords are the operator's alone.
    os.umask(0o077)
    try:
        app(prog_name="simgate-airflow")
    except SimgateError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _launch(project: Project) -> LocalAirflow:
    dags, plugins = CHECKOUT / "dags", CHECKOUT / "plugins"
    if not (dags / f"{DATASET_DAG}.py").is_file():
        raise InputError(
            "the DAG files are not beside this installation", actual=dags, expected=f"{DATASET_DAG}.py",
            remedy="run it from a checkout of simgate: `make setup`, then `source .venv/bin/activate`",
        )  # fmt: skip
    return start_airflow(project.airflow_home, dags=dags, plugins=plugins, environment=project.environment(os.environ))


def _tell(airflow: LocalAirflow, project: Project) -> None:
    found = read_recipes(project.recipes)
    for problem in found.problems:
        print(f"warning: {problem}", file=sys.stderr)
    names = [f"{DATASET_DAG}.{name}" for name in found.dataset] + [f"{RELEASE_DAG}.{name}" for name in found.release]
    print(f"Airflow is up at {airflow.url}, with {', '.join(names) or 'no DAG'}; a push starts them")
    print("A model that waits for a person is here:")
    print(f"  {airflow.url}/required_actions?response_received=false")
    print(f"  user {APPROVER}   password {airflow.password(APPROVER)}")
    print("`simgate-airflow stop` ends it")


if __name__ == "__main__":
    main()
