"""Suite: Great Expectations over all rows, with its Data Docs site. Seconds to import: only where it is run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

# Before the import below: no usage data leaves the machine.
os.environ["GX_ANALYTICS_ENABLED"] = "False"

import great_expectations as gx
import pandas as pd
from great_expectations.checkpoint.actions import UpdateDataDocsAction
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import ProgressBarsConfig

from simgate.validate.expectations import KEY, Expected

NAME = "samples"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one expectation."""

    expectation: str
    column: str
    passed: bool
    unexpected: int
    """Rows that break it."""
    text: str
    """The expectation and the finding in words, with the first example."""


def run_suite(rows: pd.DataFrame, expected: Sequence[Expected], *, docs: Path, name: str) -> tuple[Outcome, ...]:
    """Check all rows and build the Data Docs site below `docs`; one outcome an expectation, in suite order."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    context.add_data_docs_site("simgate", cast("Any", _site(docs)))
    source = context.data_sources.add_pandas("dataset")
    batch = source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    suite = context.suites.add(gx.ExpectationSuite(NAME, expectations=[asdict(item) for item in expected]))
    validation = context.validation_definitions.add(gx.ValidationDefinition(name=NAME, data=batch, suite=suite))
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(
            name="dataset",
            validation_definitions=[validation],
            actions=[UpdateDataDocsAction(name="data docs")],
            result_format={"result_format": "SUMMARY", "unexpected_index_column_names": list(KEY)},
        )
    )
    result = checkpoint.run(batch_parameters={"dataframe": rows}, run_id=RunIdentifier(run_name=name))
    found = next(iter(result.run_results.values()))
    return tuple(_outcome(item.to_json_dict()) for item in found.results)


def _site(docs: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)},
        "show_how_to_buttons": False,
    }


def _outcome(item: Mapping[str, Any]) -> Outcome:
    config, result = item["expectation_config"], item["result"]
    kwargs: Mapping[str, Any] = config["kwargs"]
    names = kwargs.get("column_list") or [kwargs[name] for name in ("column", "column_A", "column_B") if name in kwargs]
    unexpected = int(result.get("unexpected_count") or 0)
    text = "; ".join(part for part in (_asked(kwargs), _found(item, unexpected)) if part)
    return Outcome(config["type"], ", ".join(names), bool(item["success"]), unexpected, text)


def _asked(kwargs: Mapping[str, Any]) -> str:
    low, high, mostly = (kwargs.get(name) for name in ("min_value", "max_value", "mostly"))
    parts = []
    if low is not None:
        parts.append(f"{'>' if kwargs.get('strict_min') else '≥'} {low:g}")
    if high is not None:
        parts.append(f"≤ {high:g}")
    if mostly is not None and mostly < 1:
        parts.append(f"in {mostly:.0%} of the rows")
    if "value_set" in kwargs:
        parts.append(f"one of {', '.join(map(str, kwargs['value_set']))}")
    return ", ".join(parts)


def _found(item: Mapping[str, Any], unexpected: int) -> str:
    if message := _exception(item.get("exception_info", {})):
        return f"could not be checked: {message}"
    result = item["result"]
    if unexpected:
        return f"{unexpected} of {result['element_count']} rows break it{_example(result)}"
    return "no row breaks it" if result.get("observed_value") is None else f"found {result['observed_value']}"


def _example(result: Mapping[str, Any]) -> str:
    rows: Sequence[Mapping[str, Any]] = result.get("partial_unexpected_index_list") or []
    if not rows:
        return ""
    first = dict(rows[0])
    where = " ".join(f"{name} {first.pop(name)}" for name in KEY if name in first)
    value = ", ".join(f"{key} {value}" for key, value in first.items())
    return f", first {where}: {value}" if value else f", first {where}"


def _exception(info: Mapping[str, Any]) -> str:
    nested = [value for value in info.values() if isinstance(value, Mapping)] or [info]
    return next((str(part["exception_message"])[:300] for part in nested if part.get("raised_exception")), "")
