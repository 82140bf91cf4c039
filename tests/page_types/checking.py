"""The scripts of `web` against the types of the API's document, by TypeScript's compiler.

What it needs lies in build/page_types (`make page-types`): the packages of Node, and the types that
are made of the document. Nothing of it is served, and nothing else of the project needs Node.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Final

from api.site import WEB
from tests import node_packages
from tests.openapi import document

FOLDER: Final = Path(__file__).parent
BUILD: Final = WEB.parent / "build" / "page_types"
_MODULES: Final = BUILD / "node_modules"
_GENERATOR: Final = _MODULES / "openapi-typescript" / "bin" / "cli.js"
_COMPILER: Final = _MODULES / "typescript" / "bin" / "tsc"


def is_prepared() -> bool:
    """Whether all is there that a check needs."""
    return node_packages.is_installed(FOLDER, BUILD) and (BUILD / "api.d.ts").exists()


def prepare() -> None:
    """Install what is missing, and make api.d.ts of the document that the application makes.

    Exits with 2 where there is no Node.
    """
    node_packages.install(FOLDER, BUILD)
    source = BUILD / "openapi.json"
    source.write_text(json.dumps(document(), indent=1))
    _node(_GENERATOR, str(source), "--output", str(BUILD / "api.d.ts"), check=True)


def problems(web: Path = WEB) -> list[str]:
    """What the compiler says against the scripts of a folder, as `path(line,column): error ...`."""
    if web == WEB:
        project = FOLDER
    else:
        files = [str(FOLDER / "page.d.ts"), f"{web}/**/*.js"]
        settings = {"extends": str(FOLDER / "tsconfig.json"), "include": files}
        project = web / "tsconfig.json"
        project.write_text(json.dumps(settings))
    done = _node(_COMPILER, "--project", str(project), "--pretty", "false")
    assert done.returncode == 0 or done.stdout, done.stderr
    return done.stdout.splitlines()


def _node(program: Path, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a program of Node's packages at the root of the project."""
    command = ["node", str(program), *arguments]
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=WEB.parent, env=environment, capture_output=True, text=True, check=check
    )
