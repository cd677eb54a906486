"""`python -m tests.servers.kubernetes prepare | up | down [--name NAME]`: a cluster by hand."""

from __future__ import annotations

import argparse
import sys

from tests.servers.kubernetes import host
from tests.servers.kubernetes.cluster import find, prepare, sweep, up


def main() -> int:
    """Do what the first word says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("prepare", "up", "down"))
    parser.add_argument("--name", default="hand")
    given = parser.parse_args()
    if reason := host.refusal():
        print(reason, file=sys.stderr)
        return 2
    if given.command == "prepare":
        prepare()
    elif given.command == "up":
        print(f"export KUBECONFIG={up(given.name).kubeconfig}")
    else:
        if (cluster := find(given.name)) is not None:
            cluster.down()
        sweep()
    return 0


if __name__ == "__main__":
    sys.exit(main())
