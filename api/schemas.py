"""The JSON Schemas of what is sent to learnstream and read from it, for anybody to read."""

from pathlib import Path
from typing import Final

import msgspec
from fastapi import APIRouter, Response

import contracts
from api.problems import not_found

FOLDER: Final = Path(contracts.__file__).with_name("schemas")
CONTENT_TYPE: Final = "application/schema+json"
_HEADERS: Final = {"Cache-Control": "public, max-age=3600"}


def schemas_router() -> APIRouter:
    """`/schemas` names them; `urn:learnstream:schema:alert:v1` is `/schemas/alert/v1`."""
    router = APIRouter(prefix="/schemas", include_in_schema=False, redirect_slashes=False)
    files = {file.stem: file.read_bytes() for file in sorted(FOLDER.glob("*.json"))}
    ids = [_id_and_path(stem) for stem in files]

    @router.get("")
    async def every_schema() -> Response:
        return Response(msgspec.json.encode({"schemas": ids}), 200, _HEADERS, "application/json")

    @router.get("/{name}/{version}")
    async def one_schema(name: str, version: str) -> Response:
        found = files.get(f"{name}.{version}")
        if found is None:
            raise not_found("there is no schema of this name and version; /schemas names all")
        return Response(found, 200, _HEADERS, CONTENT_TYPE)

    return router


def _id_and_path(stem: str) -> dict[str, str]:
    name, _, version = stem.partition(".")
    return {"id": f"urn:learnstream:schema:{name}:{version}", "path": f"/schemas/{name}/{version}"}
