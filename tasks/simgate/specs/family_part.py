"""FamilyPart: the part of a spec or a card that belongs to a model family, read by the family's own type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, PlainValidator, SerializeAsAny, ValidationInfo

from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.rows.families import FAMILIES


def spec_type_of(family: str) -> type[Document]:
    """Import the type of a family's own part of a train spec; an unknown family is refused by name."""
    row = FAMILIES.find(family)
    module, _, name = row.spec.partition(":")
    found: type[Document] = getattr(FAMILIES.imported(row, module), name)
    return found


def _read(value: Any, info: ValidationInfo) -> Document:
    if "family" not in info.data:
        raise ValueError("the family is not known, so nobody can read its part")
    expected = spec_type_of(info.data["family"])
    if isinstance(value, expected):
        return value
    if not isinstance(value, Mapping):
        raise InputError(
            f"field {info.field_name}: not of family {info.data['family']}",
            actual=type(value).__name__,
            expected=expected.__name__,
        )
    return expected.from_value(dict(value), what=str(info.field_name))


FamilyPart = Annotated[SerializeAsAny[Document], PlainValidator(_read), Field(validate_default=True)]
"""A field after the field `family`; what it leaves out has the default of the family's type."""
