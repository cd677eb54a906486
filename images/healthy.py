"""healthy URL [COMPONENT …]: ends with 0 if the URL answers 200 and its JSON calls each component healthy.

The health check of every image: standard library only, under a tenth of a second, nothing of Airflow is loaded.
"""

from __future__ import annotations

import http.client
import json
import sys
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_S = 4.0


def ailing(url: str, components: list[str]) -> str:
    """What is not well, or an empty text."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310
            said: Any = json.load(answer) if components else {}
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        return f"{url}: {error}"
    states = {name: (said.get(name) or {}).get("status") for name in components}
    return ", ".join(f"{name} is {state}" for name, state in states.items() if state != "healthy")


if __name__ == "__main__":
    sys.exit(ailing(sys.argv[1], sys.argv[2:]) or 0)
