"""Names: the marker of a spec's field that names a row, and the rows that a document names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from simgate.rows.row import Row, Table


@dataclass(frozen=True, slots=True)
class Names:
    """Marks a field in `Annotated[str, …]`: its value names a row of this table; any other name is refused."""

    table: Table[Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def _known(self, name: str) -> str:
        if not self.table.has(name):
            said = f"no such {self.table.kind}; there are {', '.join(self.table.names())}"
            raise ValueError(f"{said}; {self.table.remedy}" if self.table.remedy else said)
        return name


def names(table: Table[Any]) -> Names:
    """Mark a field as naming a row of `table`."""
    return Names(table)


def rows_named(document: BaseModel) -> Iterator[tuple[Table[Any], Row]]:
    """Yield every row that a document names, at whatever depth."""
    for name, field in type(document).model_fields.items():
        value = getattr(document, name)
        marks = [item for item in field.metadata if isinstance(item, Names)]
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, BaseModel):
                yield from rows_named(item)
            elif isinstance(item, str):
                yield from ((mark.table, mark.table.find(item)) for mark in marks)
