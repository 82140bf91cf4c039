"""The page's libraries are the published ones, byte for byte."""

import shutil
from pathlib import Path

from tests.vendored import VENDOR, differences, packages


def test_every_vendored_file_is_the_one_that_the_lock_names() -> None:
    assert list(differences()) == []


def test_a_changed_and_an_unnamed_file_are_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "vendor"
    shutil.copytree(VENDOR, folder)
    (folder / "htm.mjs").write_bytes((folder / "htm.mjs").read_bytes() + b" ")
    (folder / "more.mjs").write_text("export default 1;\n")
    (folder / "licences" / "htm.txt").unlink()
    found = sorted(each.partition(":")[0] for each in differences(folder))
    assert found == ["htm.mjs", "licences/htm.txt", "more.mjs"]


def test_every_package_brings_its_licence_and_the_lock_names_no_host() -> None:
    for package in packages():
        assert package["licence"]
        assert any(each["path"].startswith("licences/") for each in package["file"]), package
    assert "://" not in (VENDOR / "vendor.lock").read_text()
