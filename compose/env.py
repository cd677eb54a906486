"""python3 compose/env.py [FILE]: makes .env with a random secret for everything; one that is there is never touched.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / ".env"
SECRETS = (
    "SIMGATE_POSTGRES_PASSWORD",
    "SIMGATE_AIRFLOW_DB_PASSWORD",
    "SIMGATE_MLFLOW_DB_PASSWORD",
    "SIMGATE_MINIO_USER",
    "SIMGATE_MINIO_PASSWORD",
    "SIMGATE_API_SECRET",
    "SIMGATE_JWT_SECRET",
    "SIMGATE_PASSWORD_ADMIN",
    "SIMGATE_PASSWORD_ENGINEER",
    "SIMGATE_PASSWORD_RELEASE_MANAGER",
    "SIMGATE_PASSWORD_PROMOTER",
)
FERNET_KEY = "SIMGATE_FERNET_KEY"


def make(path: Path) -> bool:
    """Write the file for its owner alone; False where there is one already."""
    lines = [f"{name}={secrets.token_hex(24)}" for name in SECRETS]
    lines.append(f"{FERNET_KEY}={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}")
    try:
        # Exclusive and 0600 from its first moment.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("# Secrets of docker-compose.yml. Keep this file: volumes that exist know these and no others.\n")
        file.write("\n".join(lines) + "\n")
    return True


def missing(path: Path) -> list[str]:
    """Names that a file lacks, or has empty: of an older simgate, or edited."""
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    known = {name.strip() for name, _, value in pairs if value.strip()}
    return [name for name in (*SECRETS, FERNET_KEY) if name not in known]


def main(arguments: list[str]) -> int:
    """Make it, or say that it is there."""
    path = Path(arguments[0]) if arguments else FILE
    if make(path):
        print(f"{path} made; Airflow's accounts are in it: admin, engineer, release-manager")
        return 0
    if lacks := missing(path):
        print(
            f"{path} is there and stays as it is, but lacks {', '.join(lacks)}; add a random value for each",
            file=sys.stderr,
        )
        return 2
    print(f"{path} is there and stays as it is")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
