"""On what machine, at which commit and on which data a figure was taken."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[1]
OULAD: Final = _ROOT.parent / "shared" / "data" / "oulad"
"""Where the files of OULAD are looked for, unless a flag says otherwise."""


def heading() -> str:
    """One line: processor count and kind, Python, commit."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=10"],  # noqa: S607
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return (
        f"{os.cpu_count()} x {_processor()}, {platform.system()}, "
        f"Python {platform.python_version()}, commit {commit or 'unknown'}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
