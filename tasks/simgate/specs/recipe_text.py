"""RecipeText: a recipe as YAML that a person reads, each field with its meaning, unit and range."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from simgate.core.documents.strictness import document_in
from simgate.specs.recipe_file import Recipe

WIDTH = 118
UNITS = {
    "_rad_s3": "rad/s³", "_rad_s2": "rad/s²", "_rad_s": "rad/s", "_m_s3": "m/s³", "_m_s2": "m/s²", "_m_s": "m/s",
    "_bytes": "bytes", "_deg": "degrees", "_rad": "rad", "_px": "pixels", "_hz": "Hz", "_ms": "ms", "_m": "m",
    "_s": "s",
}  # fmt: skip
"""Ending of a field's name → its unit; the longest ending goes first."""
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def recipe_text(recipe: Recipe) -> str:
    """Return the whole recipe, defaults too; reading it gives the same recipe."""
    return "".join(f"{line}\n" for line in _lines(recipe, ""))


def _lines(document: BaseModel, indent: str) -> Iterator[str]:
    said = docstrings(type(document))
    for name, field in type(document).model_fields.items():
        value = getattr(document, name)
        if field.exclude_if is not None and field.exclude_if(value):
            continue
        yield from _comment(indent, " ".join(part for part in (said.get(name, ""), _limits(name, field)) if part))
        if isinstance(value, BaseModel):
            yield f"{indent}{name}:"
            yield from _lines(value, f"{indent}  ")
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            yield f"{indent}{name}:"
            yield from _list(value, f"{indent}  ")
        else:
            yield from _field(f"{indent}{name}: ", document.model_dump(mode="json", include={name})[name])


def _list(items: tuple[BaseModel, ...], indent: str) -> Iterator[str]:
    for line in _explained(type(items[0])):
        yield from _comment(indent, line)
    for item in items:
        yield f"{indent}- {_flow(item.model_dump(mode='json', exclude_defaults=True))}"


def _explained(kind: type[BaseModel]) -> Iterator[str]:
    said = docstrings(kind)
    for name, field in kind.model_fields.items():
        yield f"{name}: {' '.join(part for part in (said.get(name, ''), _limits(name, field)) if part)}"


def _comment(indent: str, text: str) -> Iterator[str]:
    for line in textwrap.wrap(text, WIDTH - len(indent) - 2):
        yield f"{indent}# {line}"


def _field(start: str, value: Any) -> Iterator[str]:
    line, rest = f"{start}{_flow(value)}", " " * (len(start) - len(start.lstrip()) + 2)
    while len(line) > WIDTH and (cut := line.rfind(", ", 0, WIDTH)) > 0:
        yield line[: cut + 1]
        line = f"{rest}{line[cut + 2 :]}"
    yield line


def _flow(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10**9, sort_keys=False).removesuffix("...\n").strip()


def _limits(name: str, field: FieldInfo) -> str:
    parts = [f"Unit {unit}." for ending, unit in UNITS.items() if name.endswith(ending)][:1]
    bounds = [
        f"{sign} {getattr(item, key):.17g}"
        for item in field.metadata
        for key, sign in SIGNS.items()
        if hasattr(item, key)
    ]
    parts += [f"Range {' and '.join(bounds)}."] if bounds else []
    if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) > 1:
        parts.append(f"One of {' | '.join(str(choice) for choice in get_args(field.annotation))}.")
    elif field.annotation is bool:
        parts.append("One of true | false.")
    return " ".join(parts)


@cache
def docstrings(kind: type[BaseModel]) -> dict[str, str]:
    """Return the field → the text under it in the source, of a document and of those that it extends."""
    found: dict[str, str] = {}
    for base in reversed([base for base in kind.__mro__ if issubclass(base, BaseModel) and base is not BaseModel]):
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        if isinstance(body, ast.ClassDef):
            found.update(_said(body))
    return found


def _said(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for before, after in pairwise(body.body):
        text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(text, str):
            yield before.target.id, " ".join(text.split())


def recipe_schema(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of a kind of recipe, the fields' meaning in it."""
    schema = kind.model_json_schema()
    known = {item.__name__: item for item in _documents(kind)}
    for name, part in {kind.__name__: schema, **schema.get("$defs", {})}.items():
        for field, text in docstrings(known[name]).items() if name in known else ():
            part.get("properties", {}).get(field, {})["description"] = text
    return schema


def _documents(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield kind
    for field in kind.model_fields.values():
        for option in (field.annotation, *get_args(field.annotation)):
            if (nested := document_in(option)) is not None:
                yield from _documents(nested)
