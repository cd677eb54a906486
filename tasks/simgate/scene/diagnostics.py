"""Diagnostics: USD's C++ messages become one error of ours instead of lines on stderr."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pxr import Tf

from simgate.core.errors import InputError

_PARSER = re.compile(r" matching pxrInternal.*?(?= at ')")
"""Names of the text parser's rules in C++, which tell an author nothing."""


@contextmanager
def quiet(what: str, folder: Path) -> Iterator[None]:
    """Keep USD's warnings off stderr; an error that it raises becomes an InputError about `what`, without `folder`."""
    with Tf.DiagnosticTrap() as trap:
        try:
            yield
        except Tf.ErrorException as error:
            raise InputError(
                f"{what} cannot be read", actual=_first_line(error, folder), remedy="open it with usdview or usdchecker"
            ) from None
        finally:
            trap.Clear()


def _first_line(error: Exception, folder: Path) -> str:
    lines = [line.strip() for line in str(error).replace(f"{folder}/", "").splitlines() if line.strip()]
    text = lines[0] if lines else "an unknown error"
    # USD's own sentence stands in quotes behind the place in its C++ source, which nobody here needs.
    return _PARSER.sub("", text.partition(" : '")[2].rstrip("'") or text)
