"""Person: who is at this command line, as declared; nothing here proves it."""

from __future__ import annotations

import getpass
import shutil
import subprocess


def declared_person(given: str = "") -> str:
    """Return the given name, else git's e-mail, else the login name."""
    return given or _git_email() or getpass.getuser()


def _git_email() -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    found = subprocess.run([git, "config", "user.email"], capture_output=True, text=True, check=False)
    return found.stdout.strip()
