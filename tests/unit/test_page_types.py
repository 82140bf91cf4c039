"""What checks the page's types: what it must see, and what it is made of."""

import json
import os
import shutil
from pathlib import Path

import pytest

from api.site import WEB
from tests.browsing import REQUIRED
from tests.node_packages import FOLDERS, install
from tests.page_types.checking import FOLDER, is_prepared, problems
from tests.vendored import packages

WRONG = {
    "views/week.js": ("progress.streak_days", "progress.streak_dais"),  # a key of an answer
    "views/taught.js": ("each.course_id", "each.course_idd"),  # one in a callback, in a template
    "charts/heat.js": ("each.minutes === null", "each.minutes === undefined"),  # a null forgotten
    "views/score.js": ("percent(next.score.low)", "percent(next.score)"),  # an object for a number
    "store.js": ("real-time-dashboard`", "real-time-dashbord`"),  # an address
    "operating.js": ("dead-letters`), letters", "dead-letters`), models"),  # another's answer
    "api.js": ("JSON.stringify({ value })", "JSON.stringify({ vale })"),  # a name of nothing
    "teaching.js": ("help.kind,", "help.kinds,"),  # what a write is answered with
    "views/preferences.js": ("muted_categories:", "muted_category:"),  # a key of what is sent
}
"""A mistake for each kind that the check is there for: in which file, what stands there, and what
stands there instead."""


@pytest.mark.long
def test_every_kind_of_mistake_is_seen_and_nothing_else(tmp_path: Path) -> None:
    if not is_prepared():
        said = "the packages that check types are not there: make page-types"
        assert not os.environ.get(REQUIRED), said
        pytest.skip(said)
    web = tmp_path / "web"
    shutil.copytree(WEB, web, ignore=shutil.ignore_patterns("vendor", "words"))
    for name, (before, after) in WRONG.items():
        text = (web / name).read_text()
        assert before in text, name
        (web / name).write_text(text.replace(before, after, 1))
    found = [line for line in problems(web) if "error TS" in line]
    assert {line.partition("(")[0].partition("web/")[2] for line in found} == set(WRONG), found


def test_the_libraries_types_are_of_the_versions_that_are_served() -> None:
    wanted = json.loads((FOLDER / "package.json").read_text())["devDependencies"]
    for package in packages():
        assert wanted[package["name"]] == package["version"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_lock_has_every_package_by_its_hash_and_names_no_host(folder: Path) -> None:
    text = (folder / "package-lock.json").read_text()
    assert "://" not in text
    locked = json.loads(text)["packages"]
    root = locked.pop("")
    assert root["devDependencies"] == {
        name: locked[f"node_modules/{name}"]["version"] for name in root["devDependencies"]
    }
    for name, package in locked.items():
        assert package["integrity"].startswith("sha512-"), name


def test_without_node_it_is_said_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit) as ended:
        install(FOLDER, tmp_path / "none")
    assert ended.value.code == 2
    assert "apt install nodejs npm" in capsys.readouterr().err


def test_nothing_says_that_a_script_is_not_to_be_checked() -> None:
    for script in WEB.rglob("*.js"):
        assert "@ts-" not in script.read_text(), script
