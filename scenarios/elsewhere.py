"""A story as another process tells it, whose hash seed or time zone is another."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

PATIENCE_SECONDS: Final = 120


def told_elsewhere(story: str, *arguments: str, **environment: str) -> str:
    """What the module ``scenarios.<story>`` prints when it is run with these arguments and environment variables."""
    telling = subprocess.run(
        [sys.executable, "-m", f"scenarios.{story}", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    return telling.stdout.strip()
