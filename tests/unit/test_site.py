"""The page as it is served: what may be kept, what may run, and nothing beside it."""

import gzip
import posixpath
import re
from collections.abc import AsyncIterator

import brotli
import httpx
import pytest
import pytest_asyncio

from api.site import LANGUAGES, WEB, read_site, without_comments
from tests.browsing import the_page_alone

SITE = read_site()
BELOW = f"/web/{SITE.digest}/"


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(the_page_alone(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as made:
        yield made


async def test_the_document_is_asked_for_again_and_its_files_are_kept_for_ever(
    client: httpx.AsyncClient,
) -> None:
    document = await client.get("/")
    assert document.headers["cache-control"] == "no-cache"
    named = set(re.findall(r"/web/[^\"]+", document.text))
    assert f"{BELOW}app.js" in named
    for path in named:
        answer = await client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"].endswith("immutable")
    again = await client.get("/", headers={"If-None-Match": document.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_every_module_that_a_module_imports_is_served(client: httpx.AsyncClient) -> None:
    mapped = re.findall(r'"([^"]+)":"/web/', (await client.get("/")).text)
    for name, asset in SITE.assets.items():
        if not name.endswith(".js"):
            continue
        folder = BELOW + name.rpartition("/")[0]
        for wanted in re.findall(r'(?:from |import\()"([^"]+)"', asset.content.decode()):
            if wanted.startswith("."):
                url = httpx.URL(f"http://127.0.0.1:8000{folder}/x").join(wanted)
                assert (await client.get(url)).status_code == 200, (name, wanted)
            else:
                assert wanted in mapped, (name, wanted)


async def test_only_our_own_scripts_may_run_and_only_we_may_be_asked(
    client: httpx.AsyncClient,
) -> None:
    document = await client.get("/")
    policy = document.headers["content-security-policy"]
    said = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    assert said["default-src"] == "'none'"
    assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/=]{44}'", said["script-src"])
    assert said["connect-src"] == said["style-src"] == said["form-action"] == "'self'"
    assert said["require-trusted-types-for"] == "'script'"
    assert said["trusted-types"] == said["base-uri"] == said["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", document.text, re.DOTALL)
    assert [bool(text) for _, text in scripts] == [True, False]  # the import map, and the module
    assert not re.search(r"\son\w+=|<style|style=", document.text)


async def test_headers_keep_the_page_to_itself(client: httpx.AsyncClient) -> None:
    for path in ("/", f"{BELOW}app.js"):
        headers = (await client.get(path)).headers
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/web/0123456789abcdef0123/app.js",
        f"{BELOW}none.js",
        f"{BELOW}../api/site.py",
        f"{BELOW}%2e%2e/pyproject.toml",
        f"{BELOW}vendor/vendor.lock",
        f"{BELOW}words/de.json/",
        "/web/",
    ],
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_what_is_sent_is_compressed_for_those_who_take_it(client: httpx.AsyncClient) -> None:
    plain = SITE.assets["app.js"].content
    unpacked = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
    for accepted, coding in (
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("GZIP", "gzip"),
        ("br; q=0.5", "br"),
        ("identity", None),
        ("gzip;q=0.0,abrupt", None),
        ("", None),
    ):
        wanted = {"Accept-Encoding": accepted}
        async with client.stream("GET", f"{BELOW}app.js", headers=wanted) as packed:
            assert packed.headers.get("content-encoding") == coding, accepted
            assert packed.headers["vary"] == "Accept-Encoding"
            raw = b"".join([part async for part in packed.aiter_raw()])
        assert unpacked[coding](raw) == plain, accepted


def test_comments_are_not_sent_and_every_line_keeps_its_number() -> None:
    source = b"""// one
    /* two
     * `three` */
    const a = 4; // four
    const b = /** @type {any} */ (a); /* five */
    /** @type {any} */ (b).c = `
    * six
    `;
    \t/* seven **/
    const d = "https://eight.example"; /*
    nine */
    """
    lines = source.split(b"\n")
    sent = [b"" if number in {1, 2, 3, 9} else line for number, line in enumerate(lines, 1)]
    assert without_comments(source).split(b"\n") == sent


def test_only_our_own_files_lose_their_comments() -> None:
    for name, asset in SITE.assets.items():
        file = WEB / name
        if name.startswith("vendor/") or file.suffix == ".svg":
            assert asset.content == file.read_bytes(), name
        elif file.suffix in {".js", ".css"}:
            assert asset.content.count(b"\n") == file.read_bytes().count(b"\n"), name


def imported(name: str, known: set[str]) -> set[str]:
    """A module and all that it imports, and they in turn; not what is loaded later."""
    if name not in known:
        known.add(name)
        for wanted in re.findall(
            r'(?:from|import) "(\.[^"]+)"', SITE.assets[name].content.decode()
        ):
            imported(posixpath.normpath(posixpath.join(posixpath.dirname(name), wanted)), known)
    return known


def test_all_that_a_part_imports_is_asked_for_at_once() -> None:
    """Else each level of imports waits for the one above, a round trip each."""
    first = imported("app.js", set())
    script = SITE.assets["app.js"].content.decode()
    named = [
        {f"{name}.js" for name in re.findall(r'"([^"]+)"', names)}
        for names in re.findall(r"modules: \[(.*?)\]", script, re.DOTALL)
    ]
    views = ("views/instructor.js", "views/operations.js")
    assert named == [imported(view, set()) - first - {view} for view in views]


def on_the_wire(names: set[str]) -> int:
    return sum(len(SITE.assets[name].brotli) for name in names)


def test_one_language_of_the_learners_page_is_small_on_the_wire() -> None:
    needed = imported("app.js", {"style.css", "icon.svg"})
    needed |= {name for name in SITE.assets if name.startswith("vendor/")}
    for language in LANGUAGES:
        assert on_the_wire({*needed, f"words/{language}.json"}) < 38_000


def test_the_instructors_part_is_loaded_later_and_small_too() -> None:
    first = imported("app.js", set())
    later = imported("views/instructor.js", set()) - first
    assert {"teaching.js", "views/contact.js", "charts/strip.js"} <= later
    for language in LANGUAGES:
        assert on_the_wire({*later, "courses.css", f"words/courses.{language}.json"}) < 21_000


def test_the_operators_part_is_loaded_later_and_small_too() -> None:
    first = imported("app.js", set())
    later = imported("views/operations.js", set()) - first
    assert {"operating.js", "views/rejected.js", "charts/lag.js"} <= later
    assert not later & imported("views/instructor.js", set())
    words = ("courses.", "operations.")
    for language in LANGUAGES:
        texts = {f"words/{begins}{language}.json" for begins in words}
        assert on_the_wire({*later, "operations.css", *texts}) < 17_000


def test_every_file_is_of_one_of_the_three_parts() -> None:
    """What nobody imports is not looked at by anybody either."""
    starts = ("app.js", "views/instructor.js", "views/operations.js")
    modules = {name for start in starts for name in imported(start, set())}
    served = {name for name in SITE.assets if name.endswith(".js")}
    assert served == {name for name in modules if name.endswith(".js")}


def test_a_changed_file_is_another_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.site.LANGUAGES", ("en",))
    assert read_site().digest != SITE.digest


def test_every_name_that_a_module_imports_is_exported_there() -> None:
    scripts = {
        name: asset.content.decode() for name, asset in SITE.assets.items() if name.endswith(".js")
    }
    exported = {
        name: set(re.findall(r"export (?:async )?(?:const|function|class|let) (\w+)", text))
        for name, text in scripts.items()
    }
    missing = [
        f"{name}: {wanted} of {source}"
        for name, text in scripts.items()
        for names, source in re.findall(r'import \{([^}]+)\} from "(\.[^"]+)"', text)
        for wanted in (each.split(" as ")[0].strip() for each in names.split(","))
        if wanted
        not in exported[posixpath.normpath(posixpath.join(posixpath.dirname(name), source))]
    ]
    assert missing == []
