"""Puts the commit of the checkout into the wheel, so that an installed learnstream can name it."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface[Any]):
    """Run by hatchling for every wheel and sdist."""

    # No @override: Python 3.11 has it in a package only, and the build needs nothing but hatchling.
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # type: ignore[explicit-override]
        """Have the stamp packed; an editable install asks `.git` each time instead."""
        sys.path.insert(0, self.root)
        from runtime.version import STAMP, commit_of  # noqa: PLC0415

        commit = commit_of(Path(self.root))
        if version != "editable" and commit is not None:
            self._folder = TemporaryDirectory()
            stamp = Path(self._folder.name) / "commit.txt"
            stamp.write_text(commit + "\n", encoding="utf-8")
            build_data["force_include"][str(stamp)] = STAMP

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # type: ignore[explicit-override]  # noqa: ARG002
        """Remove the stamp beside the build."""
        if folder := getattr(self, "_folder", None):
            folder.cleanup()
