"""The pages for people hold together: links lead somewhere, commands exist, hooks are our own."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.schemas import ROOT

PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK: Final = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
FILE: Final = re.compile(
    r"`((?:[a-z_]+/)+[\w.*-]+\.(?:py|sql|json|ya?ml|toml|md|txt|lock))`(?! \(new)"
)
TARGETS: Final = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file_and_its_heading(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text()):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_file_that_a_page_names_is_there(page: Path) -> None:
    named = FILE.findall(page.read_text())
    assert [path for path in named if not any(ROOT.glob(path))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_make_command_of_a_page_is_a_target(page: Path) -> None:
    named = re.findall(r"(?:^|`)make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE)
    assert set(named) <= TARGETS


def test_the_readme_shows_no_line_that_nobody_can_read() -> None:
    for block in re.findall(r"```json\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL):
        assert max(map(len, block.splitlines())) <= 100


def test_the_hooks_are_local_and_are_those_of_make_check() -> None:
    found: Any = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repository["repo"] for repository in found["repos"]] == ["local"]
    commands = [hook["entry"].split() for hook in found["repos"][0]["hooks"]]
    tools = {tuple(word for word in words[:2] if word[0] != "-") for words in commands}
    binaries = ".venv/bin/"
    assert tools == {
        (f"{binaries}ruff", "format"),
        (f"{binaries}ruff", "check"),
        (f"{binaries}mypy",),
        (f"{binaries}lint-imports",),
    }
    checked = (ROOT / "Makefile").read_text()
    assert all(f"$(BIN)/{words[0].removeprefix(binaries)}" in checked for words in commands)
