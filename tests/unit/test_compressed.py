"""Answers are sent by gzip to those who take it, and unchanged to all others."""

import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from api.compressed import SIZE_MIN, compress

LARGE = json.dumps({"title": "ä" * SIZE_MIN}, ensure_ascii=False).encode()
SMALL = b"{}"
app = FastAPI()
compress(app)


@app.get("/large")
async def large() -> Response:
    return Response(LARGE, media_type="application/json", headers={"Vary": "Authorization"})


@app.get("/small")
async def small() -> Response:
    return Response(SMALL, media_type="application/json")


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def hints() -> AsyncIterator[bytes]:
        yield b"event: changed\n\n" * SIZE_MIN

    return StreamingResponse(hints(), media_type="text/event-stream")


async def _sent(path: str, accepted: str) -> tuple[httpx.Headers, bytes]:
    asking = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api")
    async with asking, asking.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
        return answer.headers, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("identity, gzip; q=0.000", False),
        ("br", False),
        ("identity", False),
        ("", False),
    ],
)
async def test_who_takes_gzip_gets_it(accepted: str, *, taken: bool) -> None:
    headers, body = await _sent("/large", accepted)
    assert headers.get("content-encoding") == ("gzip" if taken else None)
    assert (gzip.decompress(body) if taken else body) == LARGE
    assert int(headers["content-length"]) == len(body)
    assert headers["vary"] == "Authorization, Accept-Encoding"  # for caches, in both forms


async def test_what_fits_into_a_packet_is_not_compressed() -> None:
    headers, body = await _sent("/small", "gzip")
    assert (headers.get("content-encoding"), body) == (None, SMALL)


async def test_a_stream_of_hints_is_not_held_back() -> None:
    headers, body = await _sent("/stream", "gzip")
    assert headers.get("content-encoding") is None
    assert body == b"event: changed\n\n" * SIZE_MIN
