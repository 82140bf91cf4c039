"""The page's libraries against `vendor.lock`; `python -m tests.vendored` fetches them anew.

They are fetched by `npm pack`, from wherever npm is set up to look: the lock says what must come,
so it does not matter who sends it.
"""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

VENDOR: Final = Path(__file__).parents[1] / "web" / "vendor"
LOCK: Final = VENDOR / "vendor.lock"


def packages() -> list[dict[str, Any]]:
    """Every package of the lock, with its files."""
    found: list[dict[str, Any]] = tomllib.loads(LOCK.read_text())["package"]
    return found


def integrity(content: bytes, algorithm: str) -> str:
    """The hash of a file as browsers and npm write it."""
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def differences(folder: Path = VENDOR) -> Iterator[str]:
    """What in the folder is not as the lock says, and what it does not name."""
    files = {each["path"]: each["hash"] for package in packages() for each in package["file"]}
    for path, expected in files.items():
        file = folder / path
        seen = integrity(file.read_bytes(), "sha384") if file.exists() else "no such file"
        if seen != expected:
            yield f"{path}: seen {seen}, expected {expected}"
    there = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}
    yield from (f"{path}: the lock does not name it" for path in there - {*files, LOCK.name})


def fetch(package: dict[str, Any], folder: Path) -> bytes:
    """The tarball of a package; exits where it is not the one of the lock."""
    named = f"{package['name']}@{package['version']}"
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), named]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    content = (folder / done.stdout.strip()).read_bytes()
    if (seen := integrity(content, "sha512")) != package["tarball"]:
        sys.exit(f"{named}: seen {seen}, expected {package['tarball']}")
    return content


def main() -> None:
    """Fetch, compare and write every file of the lock."""
    if shutil.which("npm") is None:
        sys.exit("npm was not found: it fetches the packages")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, package in enumerate(packages()):
            archive = folder / f"{number}.tgz"
            archive.write_bytes(fetch(package, folder))
            with tarfile.open(archive) as opened:
                for each in package["file"]:
                    member = opened.extractfile(f"package/{each['from']}")
                    assert member is not None, f"{each['from']} is no file"
                    (VENDOR / each["path"]).write_bytes(member.read())
    if found := list(differences()):
        sys.exit("\n".join(found))
    sys.stdout.write(f"{len(packages())} packages are as {LOCK.name} says\n")


if __name__ == "__main__":
    main()
