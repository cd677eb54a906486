"""Spec: what a stage is asked to do. Holds no refs; whatever changes a result is in it, whatever does not is not."""

from __future__ import annotations

from typing import Literal

from simgate.core.document import Document


class Spec(Document):
    """One subclass per stage; every field has its unit in the name and a docstring."""

    version: Literal[1] = 1
    """Version of this spec's format."""
