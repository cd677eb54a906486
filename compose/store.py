"""store: the bucket, and a key for each role in SIMGATE_KEYS. Run again, it does what is missing."""

from __future__ import annotations

import os
import subprocess
import sys


def main() -> int:
    """`simgate store init`, then `simgate store key all`; the first failure ends it."""
    os.umask(0o077)
    commands = [["init"], ["key", "all", "--public-endpoint", os.environ["SIMGATE_PUBLIC_ENDPOINT"]]]
    for words in commands:
        if code := subprocess.run(["simgate", "store", *words], check=False).returncode:  # noqa: S607
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
