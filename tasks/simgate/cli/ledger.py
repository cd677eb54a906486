"""simgate ledger: carry what is live over to other systems; the ledger itself stays the only truth."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from simgate.cli.console import console, show_json
from simgate.cli.find import the_model
from simgate.cli.options import DEFAULT_STORE, JsonOption, StoreOption, present_store
from simgate.cli.recipes import DEFAULT_POLICY, PolicyOption

app = typer.Typer(no_args_is_help=True, help="Copy the live models to MLflow's registry.")
SYNC_TIMEOUT_S = 180.0
TrackingOption = Annotated[
    str, typer.Option("--tracking-uri", envvar="MLFLOW_TRACKING_URI", help="MLflow's tracking and registry address.")
]


@app.callback()
def _group() -> None:
    """Copy the live models to MLflow's registry."""


@app.command()
def sync(
    model: Annotated[str, typer.Argument(help="Name of the model; default: the only one.")] = "",
    tracking_uri: TrackingOption = "sqlite:///.simgate/mlflow.db",
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Register each channel's live model in MLflow, with tags and an alias; a failure is printed and fails nothing."""
    place = present_store(store)
    name, shown = the_model(place, model), re.sub("//[^/@]*@", "//…@", tracking_uri)
    problem = mirror(place.url, name, tracking_uri, policy).replace(tracking_uri, shown)
    if as_json:
        show_json({"model": name, "synced": not problem, "problem": problem})
    elif problem:
        console(stderr=True).print(f"[yellow]not mirrored[/] to {shown}: {problem}", soft_wrap=True)
    else:
        console().print(f"mirrored {name} to {shown}")


def mirror(store_url: str, model: str, tracking_uri: str, policy: Path = DEFAULT_POLICY) -> str:
    """Run the mirror as a process of its own and return its error, or an empty text."""
    command = [sys.executable, "-m", "simgate.cli.mirror", store_url, model, str(policy)]
    # In the environment: a URI may hold a password, and everybody sees a command line.
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking_uri}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=SYNC_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {SYNC_TIMEOUT_S:.0f} s"
    lines = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else (lines[-1] if lines else f"exit code {done.returncode}")
