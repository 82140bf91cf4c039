"""The page: its files as they are served, each below the digest of all of them.

`/` is the one document. It names its files below `/web/<digest>/`, where they may be kept for ever:
a change of any file is another digest. What is served is read once, when the application is made.

Our own scripts and styles are served without the lines of their comments, which are left empty: a
line has the same number in a browser as in its file.
"""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Final

import brotli
from fastapi import APIRouter, Request, Response

from api.compressed import codings
from api.problems import not_found
from domain.rules import RULES

ROOT: Final = Path(__file__).parents[1]
WEB: Final = ROOT / "web"
_CATALOGUES: Final = (WEB / "i18n", ROOT / "docs" / "i18n")
"""Where the API's own texts are: in a wheel beside the page, in a checkout among the documents."""
LANGUAGES: Final = ("en", "de")
_LATER: Final = ("courses.", "operations.")
"""What the names of those catalogues begin with that are loaded with the views of others than
learners; what the API says to no learner is in the first."""
_OF_OTHERS: Final = "|".join(
    name
    for name, rule in RULES.items()
    if "learner" not in (*rule.audience, *(rule.low_audience or ()))
)
_NOT_TO_LEARNERS: Final = re.compile(
    rf"(confidence|model|risk|segment|alert\.({_OF_OTHERS}))\.|action\.\w+_model$|.*\.third$"
)
"""The API's codes that the learner's own page says nothing of."""
_TYPES: Final[Mapping[str, str]] = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_INDEX: Final = "index.html"
_DIGEST: Final = "DIGEST"
"""What stands for the digest in the document."""
_VENDOR: Final = "vendor/"
_COMMENT_LINES: Final = re.compile(
    rb"^[ \t]*(?:/\*(?:[^*]|\*(?!/))*\*/|//[^\n]*)[ \t]*$", re.MULTILINE
)
"""A comment of scripts and styles that has its lines for itself."""
_IMPORT_MAP: Final = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)
_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self' '{map}'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
_OF_ALL: Final[Mapping[str, str]] = {
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Asset:
    """One file, and its compressed forms, each made when it is first asked for."""

    content: bytes
    media_type: str

    @cached_property
    def brotli(self) -> bytes:
        """A seventh smaller than gzip; browsers take it over TLS and from their own machine."""
        packed: bytes = brotli.compress(self.content)
        return packed

    @cached_property
    def gzip(self) -> bytes:
        """What every browser takes."""
        return gzip.compress(self.content, mtime=0)


@dataclass(frozen=True, slots=True)
class Site:
    """All that the page consists of."""

    digest: str
    document: Asset
    policy: str
    assets: Mapping[str, Asset]


def read_site() -> Site:
    """The page as it stands in `web`, with the catalogues of its languages."""
    sources = dict(sorted((*_files(), *_words())))
    index = (WEB / _INDEX).read_text(encoding="utf-8")
    digest = _digest({**sources, _INDEX: index.encode()})
    document = index.replace(_DIGEST, digest)
    found = _IMPORT_MAP.search(document)
    assert found is not None, f"{_INDEX}: it has no import map"
    hashed = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    return Site(
        digest=digest,
        document=Asset(document.encode(), "text/html; charset=utf-8"),
        policy="; ".join(_POLICY).format(map=f"sha256-{hashed}"),
        assets={
            name: Asset(content, _TYPES[Path(name).suffix]) for name, content in sources.items()
        },
    )


def catalogue(language: str) -> dict[str, str]:
    """Every text that the page can say in a language: the API's, and its own."""
    return {code: text for part in _parts(language) for code, text in part.items()}


def site_router() -> APIRouter:
    """The document and its files; they need no token, as they hold nothing of anybody."""
    router = APIRouter(redirect_slashes=False, include_in_schema=False)
    site = read_site()
    etag = f'"{site.digest}"'
    of_document = {
        **_OF_ALL,
        "Content-Security-Policy": site.policy,
        "Cache-Control": "no-cache",
        "ETag": etag,
    }
    of_assets = {**_OF_ALL, "Cache-Control": "public, max-age=31536000, immutable"}

    @router.get("/")
    async def document(request: Request) -> Response:
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=of_document)
        return _sent(request, site.document, of_document)

    @router.get("/web/{digest}/{name:path}")
    async def asset(request: Request, digest: str, name: str) -> Response:
        found = site.assets.get(name)
        if digest != site.digest or found is None:
            raise not_found("there is no such file of the page")
        return _sent(request, found, of_assets)

    return router


def _files() -> Iterator[tuple[str, bytes]]:
    """Every file but the texts, by its path below `web`; what is not ours as it is."""
    for file in WEB.rglob("*"):
        name = file.relative_to(WEB).as_posix()
        if file.suffix in _TYPES and not name.startswith(("words/", "i18n/")):
            content = file.read_bytes()
            yield name, content if name.startswith(_VENDOR) else without_comments(content)


def without_comments(source: bytes) -> bytes:
    """A script or a style with empty lines for the comments that have lines of their own."""
    return _COMMENT_LINES.sub(lambda found: b"\n" * found[0].count(b"\n"), source)


def _words() -> Iterator[tuple[str, bytes]]:
    for language in LANGUAGES:
        for begins, texts in zip(("", *_LATER), _parts(language), strict=True):
            text = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
            yield f"words/{begins}{language}.json", text.encode()


def _parts(language: str) -> list[dict[str, str]]:
    """The texts that every view needs, and those that are loaded later, part by part."""
    of_api = next(folder for folder in _CATALOGUES if folder.is_dir()) / f"{language}.json"
    first = _texts(of_api)
    others = {code: first.pop(code) for code in list(first) if _NOT_TO_LEARNERS.match(code)}
    own = [_texts(WEB / "words" / f"{begins}{language}.json") for begins in ("", *_LATER)]
    return [of_all | each for of_all, each in zip((first, others, {}), own, strict=True)]


def _texts(file: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _digest(sources: Mapping[str, bytes]) -> str:
    hashed = hashlib.sha256()
    for name, content in sources.items():
        hashed.update(f"{name}\0{len(content)}\0".encode())
        hashed.update(content)
    return hashed.hexdigest()[:20]


def _sent(request: Request, asset: Asset, headers: Mapping[str, str]) -> Response:
    """The file, compressed where the client takes that."""
    own = {**headers, "Vary": "Accept-Encoding"}
    taken = codings(request.headers)
    content = asset.content
    if "br" in taken:
        own["Content-Encoding"], content = "br", asset.brotli
    elif "gzip" in taken:
        own["Content-Encoding"], content = "gzip", asset.gzip
    return Response(content, headers=own, media_type=asset.media_type)
