"""Compose files as ``shopctl`` writes them."""

import subprocess
import sys
from pathlib import Path


def render(command: str, directory: Path, *options: str) -> Path:
    """Run a rendering command, and answer the file with what it wrote to standard output."""
    told = subprocess.run(
        [sys.executable, "-m", "shopctl", command, *options], capture_output=True, text=True, timeout=60, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    file = directory / "compose.yaml"
    file.write_text(told.stdout)
    return file
