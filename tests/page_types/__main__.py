"""`python -m tests.page_types`: prints what is wrong with the types of the page; 1 for anything.

`--lock` writes package-lock.json anew instead, of package.json; it needs npm.
"""

import json
import subprocess
import sys

from tests.page_types.checking import FOLDER, problems, write_api_types


def check() -> int:
    """The scripts against the API's document of this moment."""
    write_api_types()
    found = problems()
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


def lock() -> int:
    """Every package by version and hash; no address of anybody (funding is no business of ours)."""
    file = FOLDER / "package-lock.json"
    subprocess.run(["npm", "install", "--package-lock-only", "--silent"], cwd=FOLDER, check=True)
    locked = json.loads(file.read_text())
    for package in locked["packages"].values():
        package.pop("funding", None)
    file.write_text(json.dumps(locked, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(lock() if sys.argv[1:] == ["--lock"] else check())
