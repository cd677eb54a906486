"""Lint: NVIDIA's USD validation rules over a composed scene."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pxr import Usd

from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.scene.diagnostics import quiet

if TYPE_CHECKING:
    from usd_validation_nvidia import Issue, ValidationEngine

Severity = Literal["error", "failure", "warning", "info"]

ECONOMY_RULES = frozenset(
    {
        "IndexedPrimvarChecker",
        "ManifoldChecker",
        "UnusedMeshTopologyChecker",
        "UnusedPrimvarChecker",
        "UsdAsciiPerformanceChecker",
        "WeldChecker",
        "ZeroAreaFaceChecker",
    }
)
"""Not run: they judge how small and fast files are, which changes no picture and no label, and cost half the time."""

IDLE_RULES = frozenset(
    {
        "MaterialOldMdlSchemaChecker",
        "MissingReferenceChecker",
        "SkelBindingAPIAppliedChecker",
        "UnicodeNameChecker",
        "UsdzPackageValidator",
    }
)
"""Not run: what they look for is refused before (packages, MDL, missing files) or is nothing a scene is used for."""

TOLERATED_RULES = frozenset(
    {
        "MaterialOutOfScopeChecker",
        "NormalsExistChecker",
        "NormalsWindingsChecker",
        "SubdivisionSchemeChecker",
        "UsdLuxEncapsulationRulesValidator",
    }
)
"""Run, but never a reason to refuse: their failures are conventions of asset libraries, and the simulators cope."""

MAX_FINDINGS = 1000
MAX_MESSAGE = 500

_POINTER = re.compile(r"(<0x[0-9a-f]+>|anon:0x[0-9a-f]+)")


class Finding(Document):
    """One complaint of one rule."""

    severity: Severity
    rule: str
    prim: str
    """Prim or property in the composed scene; empty where the rule speaks of a layer or the stage."""
    layer: str
    """Layer with the strongest opinion about it, relative to the scene folder; empty where the rule names none."""
    message: str

    @property
    def fatal(self) -> bool:
        """Whether the scene is refused for it."""
        return self.severity in ("error", "failure") and self.rule not in TOLERATED_RULES

    def __str__(self) -> str:
        where = "".join((f" of prim {self.prim}" if self.prim else "", f" of layer {self.layer}" if self.layer else ""))
        return f"{self.rule}{where}: {self.message}"


class Lint(Document):
    """`lint.json`: the findings of each scene of a run."""

    version: Literal[1] = 1
    validator: str
    """Version of usd-validation-nvidia."""
    scenes: dict[str, tuple[Finding, ...]]


def lint_scene(stage: Usd.Stage, folder: Path) -> tuple[Finding, ...]:
    """Run the rules on a scene with all its variants; findings come worst first, each once, in a fixed order."""
    folder = folder.resolve()
    with quiet("the scene", folder):
        issues = _engine().validate(stage)
        found = {_finding(issue, folder) for issue in issues if issue.severity.name != "NONE"}
    order: Sequence[Severity] = ("error", "failure", "warning", "info")
    ranked = sorted(found, key=lambda f: (order.index(f.severity), not f.fatal, f.rule, f.prim, f.layer, f.message))
    return tuple(ranked[:MAX_FINDINGS])


def refuse_fatal(findings: Iterable[Finding], scene: str) -> None:
    """Refuse a scene with an error or failure of a rule that counts."""
    fatal = [finding for finding in findings if finding.fatal]
    if fatal:
        more = f" ({len(fatal)} such findings)" if len(fatal) > 1 else ""
        raise InputError(f"scene {scene} breaks a rule of USD: {fatal[0]}{more}", remedy="mend the layer that is named")


def validator_version() -> str:
    """Return the version of the rules."""
    import usd_validation_nvidia

    return str(usd_validation_nvidia.__version__)


def _engine() -> ValidationEngine:
    from usd_validation_nvidia import ValidationEngine

    engine = ValidationEngine()
    for rule in engine.initialized_rules:
        if rule.__name__ in ECONOMY_RULES | IDLE_RULES:
            engine.disable_rule(rule)
    return engine


def _finding(issue: Issue, folder: Path) -> Finding:
    specs = issue.at.get_spec_ids() if issue.at is not None else []
    message = _POINTER.sub("…", " ".join(str(issue.message).split())).replace(f"{folder}/", "")
    return Finding(
        severity=issue.severity.name.lower(),
        rule=issue.rule.__name__ if issue.rule else "engine",
        prim=_prim(issue.at),
        layer=str(specs[0].layer_id.identifier).replace(f"{folder}/", "") if specs else "",
        message=message[:MAX_MESSAGE],
    )


def _prim(at: object) -> str:
    """Return the path from any kind of identifier that a rule gives."""
    owner = at if hasattr(at, "path") else getattr(at, "prim_id", None)
    return str(getattr(owner, "path", ""))
