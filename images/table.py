"""Table: every image, what runs in it and which lock slices it is made of. Each is a target of images/Containerfile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simgate.rows.stages import STAGES

ROOT = Path(__file__).resolve().parents[1]
CONTAINERFILE = ROOT / "images" / "Containerfile"


@dataclass(frozen=True, slots=True)
class Image:
    """One image; its name is its target's."""

    name: str
    base: str
    """ARG of the Containerfile that names the base which it runs on."""
    extras: tuple[str, ...]
    """locks/<extra>.txt of each is in its environment."""

    @property
    def stages(self) -> tuple[str, ...]:
        """Stages that run in it as pods."""
        return tuple(row.name for row in STAGES.ours if row.image == self.name)


IMAGES: dict[str, Image] = {
    image.name: image
    for image in (
        Image("light", "PYTHON", ("light",)),
        Image("sim", "PYTHON", ("sim",)),
        Image("torch", "PYTHON", ("torch",)),
        Image("agent", "PYTHON", ("agent",)),
        Image("airflow", "PYTHON", ("airflow",)),
        Image("worker", "PYTHON", ("airflow", "light", "sim", "torch", "agent")),
        Image("minio", "PYTHON", ()),
        # generate with Isaac Sim, once its adapter is there.
        Image("isaac-sim", "ISAAC_SIM", ("sim",)),
    )
}
