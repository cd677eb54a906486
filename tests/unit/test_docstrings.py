"""A docstring is a sentence that nobody has to decode: nouns for values, the imperative for functions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("tasks", "plugins", "dags", "examples/demo/terminal")

_RIDDLE = re.compile(r"(The same|What|Whose|That|Where|How|Who|Which|When|As|In words)\b")
# A function's docstring says what it does, so none of these begins it.
_NO_VERB = re.compile(r"(The|A|An|Every|Each|All|One|Whether|Why|Of|If|It|Its|This|No|Nothing)\b")


def test_no_docstring_begins_with_a_riddle() -> None:
    assert not [where for where, _, text in _docstrings() if _RIDDLE.match(text)]


def test_a_function_says_in_the_imperative_what_it_does() -> None:
    assert not [where for where, is_function, text in _docstrings() if is_function and _NO_VERB.match(text)]


def _docstrings() -> Iterator[tuple[str, bool, str]]:
    """Yield place, whether it is a function's, and text; a property is a value, and a field's text stands below it."""
    for path in (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            body = getattr(node, "body", ())
            for number, statement in enumerate(body if isinstance(body, list) else ()):
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    where = f"{path.relative_to(ROOT)}:{statement.lineno}"
                    yield where, number == 0 and _is_function(node), str(statement.value.value)


def _is_function(node: ast.AST) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return not any(ast.unparse(item).endswith("property") for item in node.decorator_list)
