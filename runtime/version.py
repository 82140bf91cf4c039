"""Which learnstream this is: its version, and the commit that it was built from."""

import re
from importlib.metadata import version
from pathlib import Path
from typing import Final

STAMP: Final = "runtime/commit.txt"
"""Written into a wheel by hatch_build.py; a checkout has none, its `.git` says it."""

_HASH: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_ROOT: Final = Path(__file__).resolve().parents[1]


def about() -> str:
    """The line of `learnstream --version`: the version, and the commit where one is known."""
    return f"learnstream {version('learnstream')}, commit {commit_of(_ROOT) or 'unknown'}"


def commit_of(root: Path) -> str | None:
    """The full hash of the commit that `root` was built from or is at; None outside of both.

    Read from files, and not by asking git, since images are built where there is no git.
    """
    found = _read(root / STAMP) or _head(root / ".git")
    return found if _HASH.fullmatch(found) else None


def _head(git: Path) -> str:
    """The hash that HEAD names itself or by its branch; empty where there is none."""
    if link := re.fullmatch("gitdir: (.+)", _read(git)):
        git = git.parent / link[1]  # a linked worktree
    head = _read(git / "HEAD")
    if (branch := re.fullmatch("ref: (.+)", head)) is None:
        return head
    shared = git / (_read(git / "commondir") or ".")
    line = rf"^(\w+) {re.escape(branch[1])}$"
    packed = re.search(line, _read(shared / "packed-refs"), re.MULTILINE)
    return _read(shared / branch[1]) or (packed[1] if packed else "")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
