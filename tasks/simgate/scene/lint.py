"""Lint: NVIDIA's USD validation rules over a composed scene."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

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


class Reason(NamedTuple):
    """Why a rule's failure refuses a scene."""

    changes: Literal["picture", "label", "physics", "reproducibility"]
    """Result that two readers of the scene would make differently."""
    expected: str
    remedy: str
    harmless: str = ""
    """Pattern of the rule's messages that change nothing of it."""


FATAL_RULES: dict[str, Reason] = {
    "ArticulationChecker": Reason("physics", "articulations that do not nest", "remove the inner articulation root"),
    "ColliderChecker": Reason("physics", "a round collider with one scale for all axes", "mesh it or scale evenly"),
    "LayerSpecChecker": Reason("reproducibility", "a value of its attribute's type", "write the value in that type"),
    "MassChecker": Reason("physics", "a mass on each dynamic body", "author physics:mass"),
    "NormalsValidChecker": Reason(
        "picture", "finite normals, as many as the interpolation asks", "export the normals again",
        harmless="recommends|unit length|normalized|not unit",
    ),
    "PhysicsJointChecker": Reason("physics", "joints between bodies that are there", "mend the joint's bodies"),
    "RigidBodyChecker": Reason("physics", "bodies that can be placed, outside of instances", "move the body's schema"),
    "ShaderImplementationSourceChecker": Reason("picture", "a shader with an id or a source", "name its source"),
    "UsdDanglingMaterialBinding": Reason("picture", "a material that is there", "mend or remove the binding"),
    "UsdGeomSubsetFamiliesChecker": Reason("label", "subsets of faces that the mesh has", "export the subsets again"),
    "UsdLuxSchemaChecker": Reason("picture", "light attributes named inputs:…", "rename them"),
    "UsdMaterialBindingApi": Reason(
        "picture", "MaterialBindingAPI where a material is bound; without it readers differ", "apply it to the prim"
    ),
    "UsdShadeMaterialBindingCollectionValidator": Reason(
        "picture", "bindings to materials that are there", "mend or remove the binding"
    ),
    "UsdShadeMaterialBindingRelationships": Reason("picture", "bindings as relationships", "bind the material again"),
    "UsdShadeShaderSdrCompliance": Reason(
        "picture", "shaders that USD knows", "use UsdPreviewSurface and its nodes",
        harmless=r"^Incorrect type|shaderId 'ND_",
    ),
    "UsdValidationAttributeTypeMismatchChecker": Reason(
        "reproducibility", "one type of an attribute in all layers", "write it in one type"
    ),
    "ValidateTopologyChecker": Reason("picture", "faces whose corners the mesh has", "export the mesh again"),
    "engine": Reason("reproducibility", "a scene that every rule can examine", "open it with usdchecker"),
}  # fmt: skip
"""A failure refuses the scene: what is drawn, labelled or moved would differ from what the author sees."""

WARNED_RULES: dict[str, str] = {
    "DanglingOverPrimChecker": "an over without a prim below it draws nothing anywhere",
    "DefaultPrimChecker": "index opens the whole root layer; a reference without target is refused by itself",
    "ExtentsChecker": "bounds are computed of the points, not read; rounding alone fails it",
    "KindChecker": "labels say what is one object; a kind only where a label is missing",
    "MaterialOutOfScopeChecker": "the composed binding is examined by itself",
    "MaterialPathChecker": "MDL is not read, and a file that is missing is refused",
    "MaterialUsdPreviewSurfaceChecker": "types that differ in their role alone (float3, color3f) hold equal numbers",
    "NormalMapTextureChecker": "fine relief alone",
    "NormalsExistChecker": "missing normals follow from the faces",
    "NormalsWindingsChecker": "faces are drawn by their winding",
    "PrimEncapsulationChecker": "nested shapes are drawn by themselves",
    "StageMetadataChecker": "the units of the root layer are read and refused by themselves",
    "SubdivisionSchemeChecker": "an omitted scheme has USD's default",
    "TextureChecker": "every texture is opened, and a damaged one is refused",
    "TypeChecker": "a prim without type draws nothing anywhere",
    "UsdGeomSubsetChecker": "a subset's faces are bound with or without the name of a family",
    "UsdGeomSubsetParentIsImageableChecker": "a subset elsewhere has no faces",
    "UsdLuxEncapsulationRulesValidator": "lights shine wherever they are",
    "UsdShadeEncapsulationMaterialValidator": "shaders are found by their connections",
    "UsdShadeSubsetsMaterialBindFamilyChecker": "the type of a family moves no face",
}
"""Printed, and no reason to refuse, each with why. A failure of a rule that no table names refuses the scene."""

REMEDY = "mend the layer that is named"
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
    """Complaint of the rule, as it is."""
    expected: str = ""
    """State that the rule asks for; empty for a finding that refuses nothing."""
    remedy: str = ""

    @property
    def fatal(self) -> bool:
        """Whether the scene is refused for it."""
        if self.severity not in ("error", "failure") or self.rule in WARNED_RULES:
            return False
        reason = FATAL_RULES.get(self.rule)
        return not (reason and reason.harmless and re.search(reason.harmless, self.message))

    @property
    def level(self) -> str:
        """Consequence for the scene, in a word."""
        return "refused" if self.fatal else "warning"

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
        raise InputError(
            f"scene {scene} breaks a rule of USD: {fatal[0]}{more}",
            expected=fatal[0].expected,
            remedy=fatal[0].remedy or REMEDY,
        )


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
    rule = issue.rule.__name__ if issue.rule else "engine"
    reason = FATAL_RULES.get(rule)
    return Finding(
        severity=issue.severity.name.lower(),
        rule=rule,
        prim=_prim(issue.at),
        layer=str(specs[0].layer_id.identifier).replace(f"{folder}/", "") if specs else "",
        message=message[:MAX_MESSAGE],
        expected=reason.expected if reason else "",
        remedy=reason.remedy if reason else "",
    )


def _prim(at: object) -> str:
    """Return the path from any kind of identifier that a rule gives."""
    owner = at if hasattr(at, "path") else getattr(at, "prim_id", None)
    return str(getattr(owner, "path", ""))
