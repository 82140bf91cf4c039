"""Packages of Node for checks and benchmarks alone; `python -m tests.node_packages` locks them.

Each set is a folder with a package.json, which names versions, and a package-lock.json, which has
every package by its hash and no address. It is installed below `build`, once for each lock.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = (ROOT / "tests" / "page_types", ROOT / "benchmarks" / "node")
_FILES: Final = ("package.json", ".npmrc", "package-lock.json")


def is_installed(folder: Path, target: Path) -> bool:
    """Whether the packages of a folder are at the target, as they are locked now."""
    stamp = target / "installed"
    return stamp.exists() and stamp.read_bytes() == (folder / _FILES[-1]).read_bytes()


def install(folder: Path, target: Path) -> None:
    """Put them there where they are not; exits with 2 where there is no Node."""
    if is_installed(folder, target):
        return
    if not shutil.which("node") or not shutil.which("npm"):
        sys.stderr.write("Node and npm were not found (Debian, Ubuntu: apt install nodejs npm)\n")
        sys.exit(2)
    target.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copyfile(folder / name, target / name)
    sys.stderr.write(f"installing packages of Node into {target.relative_to(ROOT)} ...\n")
    subprocess.run(["npm", "ci", "--silent"], cwd=target, check=True)
    shutil.copyfile(folder / _FILES[-1], target / "installed")


def lock(folder: Path) -> None:
    """Lock them anew; who may be given money for a package is no business of ours."""
    subprocess.run(["npm", "install", "--package-lock-only", "--silent"], cwd=folder, check=True)
    file = folder / _FILES[-1]
    locked = json.loads(file.read_text())
    for package in locked["packages"].values():
        package.pop("funding", None)
    file.write_text(json.dumps(locked, indent=2) + "\n")


if __name__ == "__main__":
    for each in FOLDERS:
        lock(each)
