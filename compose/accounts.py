"""accounts FOLDER: passwords of Airflow's accounts, from SIMGATE_PASSWORD_*, as its SimpleAuthManager reads them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

ACCOUNTS = ("admin", "engineer", "release-manager", "promoter")


def main(folder: Path) -> None:
    """Write passwords.json, and the promoter's alone for the task that promotes."""
    passwords = {name: os.environ[f"SIMGATE_PASSWORD_{name.replace('-', '_').upper()}"] for name in ACCOUNTS}
    _write(folder / "passwords.json", json.dumps(passwords))
    _write(folder / "promoter.password", passwords["promoter"])
    print("accounts: " + ", ".join(ACCOUNTS), flush=True)


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
