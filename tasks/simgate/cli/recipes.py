"""Recipes on the command line: JSON files, or the demo's; and who started a run by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from simgate.core.documents.canonical import parse_json
from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.plan.record import Trigger

DEFAULT_POLICY = Path("release/policy.yaml")
D = TypeVar("D", bound=Document)

PolicyOption = Annotated[Path, typer.Option("--policy", envvar="SIMGATE_POLICY", help="The release policy, YAML.")]
DatasetRecipeOption = Annotated[
    Path | None, typer.Option("--dataset-recipe", help="DatasetRecipe as JSON; default: the demo's.")
]
ReleaseRecipeOption = Annotated[
    Path | None, typer.Option("--release-recipe", help="ReleaseRecipe as JSON; default: the demo's.")
]


def read_recipe(path: Path | None, kind: type[D], default: D) -> D:
    """A recipe from a JSON file, or the default where no file is given."""
    if path is None:
        return default
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read recipe {path}: {error.strerror}") from error
    return kind.from_value(parse_json(data, what=str(path)), what=f"recipe {path}")


def by_hand(detail: str) -> Trigger:
    """The trigger of a run that was started at this command line."""
    from simgate.cli.person import declared_person

    return Trigger(kind="manual", who=declared_person(), detail=detail, at=datetime.now(UTC))
