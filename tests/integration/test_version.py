"""`learnstream --version` names the commit: of a checkout, a worktree, a wheel and an image."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from runtime.version import STAMP, about, commit_of
from tests.schemas import ROOT

HASH: Final = "0123456789abcdef0123456789abcdef01234567"
OTHER: Final = "f" * 40
in_a_checkout: Final = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="the source was unpacked, and is no checkout"
)


def head() -> str:
    """The commit of this checkout, as git says it."""
    asked = ["git", "rev-parse", "HEAD"]
    return subprocess.run(
        asked, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def shown(folder: Path) -> str:
    """What `learnstream --version` prints where the packages are those of `folder`."""
    command = [sys.executable, "-m", "cli.main", "--version"]
    return subprocess.run(
        command,
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


@in_a_checkout
def test_a_checkout_names_its_commit() -> None:
    assert shown(ROOT) == f"{about()}\n"
    assert re.fullmatch(rf"learnstream \d+\.\d+\.\d+, commit {head()}", about())


@in_a_checkout
def test_a_wheel_names_the_commit_that_it_was_built_from(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
    subprocess.run([*build, str(tmp_path)], cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    assert (tmp_path / "installed" / STAMP).read_text() == f"{head()}\n"
    assert shown(tmp_path / "installed") == f"{about()}\n"
    assert not (ROOT / STAMP).exists(), "a stamp in the tree would outlive its commit"


def test_the_stamp_of_an_unpacked_source_goes_before_a_repository_around_it(tmp_path: Path) -> None:
    write(tmp_path / STAMP, HASH)
    write(tmp_path / ".git/HEAD", OTHER)
    assert commit_of(tmp_path) == HASH


@pytest.mark.parametrize(
    "files",
    [
        {".git/HEAD": HASH},
        {".git/HEAD": "ref: refs/heads/a/b", ".git/refs/heads/a/b": HASH},
        {
            ".git/HEAD": "ref: refs/heads/main",
            ".git/packed-refs": f"# pack-refs\n{OTHER} refs/heads/main2\n{HASH} refs/heads/main",
        },
        {
            ".git/HEAD": "ref: refs/heads/main",
            ".git/refs/heads/main": HASH,
            ".git/packed-refs": f"{OTHER} refs/heads/main",
        },
        {
            ".git": "gitdir: elsewhere/.git/worktrees/w",
            "elsewhere/.git/worktrees/w/HEAD": "ref: refs/heads/w",
            "elsewhere/.git/worktrees/w/commondir": "../..",
            "elsewhere/.git/refs/heads/w": HASH,
        },
    ],
    ids=["detached", "branch", "packed", "newer-than-packed", "worktree"],
)
def test_head_is_followed_to_its_commit_without_git(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        write(tmp_path / name, text)
    assert commit_of(tmp_path) == HASH


@pytest.mark.parametrize(
    "files", [{}, {".git/HEAD": "ref: refs/heads/.invalid"}, {".git/HEAD": "something else"}]
)
def test_where_nothing_names_a_commit_there_is_none(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        write(tmp_path / name, text)
    assert commit_of(tmp_path) is None
