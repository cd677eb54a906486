"""Pod settings: how stages run as pods: images, resources, nodes; the file that SIMGATE_PODS names, in YAML."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.rows.engines import ENGINES
from simgate.rows.simulators import SIMULATORS
from simgate.rows.stages import STAGES
from simgate_airflow.settings import settings

MAX_FILE_BYTES = 1_000_000
DEFAULT = "default"
OWN_NAMES = ("SIMGATE_IMAGE", "SIMGATE_ROLE_KEYS", "SIMGATE_NODES", "JOB_COMPLETION_INDEX")
"""Variables that the place itself sets."""
_SECRET = re.compile(r"SECRET|PASSW|TOKEN|CREDENTIAL|_KEY$|_KEY_")
_ACCOUNT = re.compile(r"://[^/@]+@")
_DIGEST = re.compile(r"^[a-z0-9]([a-z0-9._:/-]*[a-z0-9])?@sha256:[0-9a-f]{64}$")
_QUANTITY = re.compile(r"^(0|[1-9][0-9]*)(\.[0-9]{1,3})?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$")
_NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


def _by_digest(image: str) -> str:
    if not _DIGEST.fullmatch(image):
        raise ValueError("an image is named by digest: repository@sha256:<64 hex digits>, never by a tag")
    return image


def _image_name(name: str) -> str:
    tables = (STAGES, SIMULATORS, ENGINES)
    # Other people's rows are loaded only for a name that none of ours has.
    if not any(name == row.image for table in tables for row in table.ours) and not any(
        name == row.image for table in tables for row in table.all()
    ):
        known = sorted({row.image for table in tables for row in table.ours} - {""})
        raise ValueError(f"images.{name}: nothing runs in an image of that name; there are {', '.join(known)}")
    return name


def _quantity(value: str) -> str:
    if not _QUANTITY.fullmatch(value):
        raise ValueError("a quantity of Kubernetes is meant, such as 500m, 2 or 4Gi")
    return value


def _text(value: object) -> object:
    # `cpu: 2` is a number in YAML and a quantity all the same.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Image = Annotated[str, AfterValidator(_by_digest)]
ImageName = Annotated[str, AfterValidator(_image_name)]
Quantity = Annotated[str, BeforeValidator(_text), AfterValidator(_quantity)]
Name = Annotated[str, Field(pattern=_NAME)]


class Toleration(Document):
    """One toleration, as Kubernetes spells it: spot nodes and GPU nodes are usually tainted."""

    key: str = ""
    """Taint's key; empty, with operator Exists, for every taint."""
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str = ""
    """Taint's value, for operator Equal."""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    """Empty for every effect."""
    tolerationSeconds: Annotated[int, Field(ge=0)] | None = None  # noqa: N815 (Kubernetes' own name)
    """With NoExecute: how long a pod stays on a node that got the taint (a lost one, say); None for ever."""


class StagePods(Document):
    """Resources, nodes and limits of one stage's pods."""

    cpu: Quantity = "1"
    """Cores asked for; not a limit, so that what is idle can be used."""
    memory: Quantity = "2Gi"
    """Asked for and the limit alike: beyond it the kernel ends the pod (OOMKilled)."""
    scratch: Quantity = "10Gi"
    """Size of /tmp; a pod that writes more is evicted."""
    gpus: Annotated[int, Field(ge=0, le=16)] = 0
    """Whole GPUs of one pod (nvidia.com/gpu)."""
    nodes: Annotated[int, Field(ge=1, le=256)] = 1
    """Pods over which one training is spread, as an indexed Job; train alone."""
    node_selector: dict[str, str] = Field(default_factory=dict)
    """Labels that a node must have."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints that a node may have."""
    queue: Annotated[str, Field(max_length=63)] = ""
    """Kueue's local queue; empty without Kueue. Kueue holds a pod back until its queue has room."""
    priority_class: Annotated[str, Field(max_length=253)] = ""
    """Kubernetes' priority class; empty for the cluster's default."""
    runtime_class: Annotated[str, Field(max_length=253)] = ""
    """Kubernetes' runtime class (nvidia, gvisor, …); empty for the node's default."""
    deadline_s: Annotated[int, Field(ge=10, le=30 * 86400)] = 12 * 3600
    """A pod that runs longer is ended."""
    grace_s: Annotated[int, Field(ge=1, le=3600)] = 120
    """From SIGTERM to SIGKILL: time to write a checkpoint to the store."""
    start_timeout_s: Annotated[int, Field(ge=5, le=86400)] = 1800
    """From being placed on a node to running: pulling the image."""
    queue_timeout_s: Annotated[int, Field(ge=5, le=30 * 86400)] = 86400
    """From being made to being placed on a node: waiting for room."""


class PodsSettings(Document):
    """The file."""

    version: Literal[1]
    namespace: Name
    """Namespace of the pods; nothing else should run there."""
    images: dict[ImageName, Image]
    """Each image that a stage may need, by digest; images/table.py says which there are."""
    environment: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,99}$")], str] = Field(default_factory=dict)
    """Plain variables of every pod; secrets come from the role's Secret and nowhere else."""
    pull_secrets: tuple[Name, ...] = ()
    """Names of Secrets with which images are pulled."""
    stages: dict[str, StagePods] = Field(default_factory=dict)
    """`default` for all, and what differs by stage."""

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        for name, value in self.environment.items():
            if _ACCOUNT.search(value):
                raise ValueError(f"environment.{name} is a URL with an account in it; a pod's environment is no secret")
            if name in OWN_NAMES:
                raise ValueError(f"environment.{name} is set by simgate itself; leave it out")
            if _SECRET.search(name):
                raise ValueError(f"environment.{name} looks like a secret; it belongs into the role's Secret")
        for stage, pods in self.stages.items():
            if stage != DEFAULT and stage not in STAGES.names():
                raise ValueError(f"stages.{stage}: no such stage; there are default, {', '.join(STAGES.names())}")
            if pods.nodes != 1 and (stage == DEFAULT or not STAGES.find(stage).spreads):
                spread = " and ".join(row.name for row in STAGES.ours if row.spreads)
                raise ValueError(f"stages.{stage}.nodes is {pods.nodes}; {spread} alone is spread over several pods")
        return self

    def of(self, stage: str) -> StagePods:
        """Return one stage's settings: its own where given, else the default's."""
        common = self.stages.get(DEFAULT, StagePods())
        own = self.stages.get(stage, common)
        return common.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})

    def image(self, stage: str, name: str = "") -> str:
        """Return a stage's image by digest; `name` is another image that its spec needs."""
        name = name or STAGES.find(stage).image
        if name not in self.images:
            raise InputError(
                f"no image for stage {stage}", expected=f"images.{name}",
                remedy="name it in the file that SIMGATE_PODS names",
            )  # fmt: skip
        return self.images[name]


@cache
def pods_settings() -> PodsSettings:
    """Return this process's pod settings, read once."""
    path = settings().pods_path
    if path is None:
        raise InputError("setting SIMGATE_PODS is missing", remedy="name the file that says how stages run as pods")
    return read_pods_settings(path)


def read_pods_settings(path: Path) -> PodsSettings:
    """Read pod settings from a file; a wrong value is refused with its field."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise InputError(f"{path} is too large", actual=f"over {MAX_FILE_BYTES} bytes", expected="pod settings")
        value = yaml.safe_load(data)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", remedy="see SIMGATE_PODS") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no YAML: {error}") from error
    return PodsSettings.from_value(value, what=str(path))
