"""Clients that ask again as soon as they have an answer, and cost little themselves."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple

import psutil

_END = b"\r\n\r\n"


class Answer(NamedTuple):
    """One answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Load:
    """What so many clients saw in a time, and what the server's process spent for them."""

    seconds: float = 0.0
    cpu: float = 0.0
    refused: int = 0
    times: list[float] = field(default_factory=list)


def request(path: str, headers: Mapping[str, str]) -> bytes:
    """The bytes of a GET."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _END


async def ask(port: int, given: bytes) -> Answer:
    """One answer, on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await _ask(reader, writer, given)
    finally:
        writer.close()


async def load(
    server: psutil.Process, port: int, requests: Sequence[bytes], status: int, clients: int
) -> Load:
    """Ask for `requests` in turn, all clients together, until each was answered once.

    Asserts that every answer has this status, or is a 503 of a server that is overloaded: those are
    counted and not timed. CPU is user and system time of the server's process.
    """
    found, given = Load(), iter(requests)
    cpu, began = _cpu(server), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(_client(port, given, status, found))
    found.seconds, found.cpu = time.perf_counter() - began, _cpu(server) - cpu
    return found


def in_turn(requests: Sequence[bytes], count: int) -> list[bytes]:
    """`count` requests, these over and over."""
    return list(itertools.islice(itertools.cycle(requests), count))


async def _client(port: int, given: Iterator[bytes], status: int, found: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for each in given:
        began = time.perf_counter()
        answer = await _ask(reader, writer, each)
        seconds = time.perf_counter() - began
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            found.refused += 1
            continue
        assert answer.status == status, answer
        found.times.append(seconds)
    writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, given: bytes) -> Answer:
    writer.write(given)
    head = (await reader.readuntil(_END)).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(first.split(" ")[1]), headers, body)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
