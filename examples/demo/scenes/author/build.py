"""Write every sample scene: `python examples/demo/scenes/author/build.py [FOLDER]`.

One code gives the same bytes every time.
"""

import sys
from pathlib import Path

import catalogue
import home
import office
import textures
import warehouse


def build(scenes: Path) -> None:
    """Write textures, assets and scenes below `scenes`."""
    textures.save_all(scenes)
    catalogue.save_all(scenes)
    for scene in (office, home, warehouse):
        scene.build(scenes)


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
