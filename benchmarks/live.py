"""From an event's send to the number that changes in a browser; --streams N: many open streams."""

import argparse
import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import psutil

from api.changes import STREAMS_MAX
from benchmarks.chromium import a_browser_path
from benchmarks.live_load.load import Sending
from benchmarks.live_load.page import SHOWN, STAGES, Changed, a_page, percentiles, watch
from benchmarks.live_load.streams import Hinted, Streams, hinted, readers, stop_seconds
from benchmarks.machine import heading
from benchmarks.sending import a_producer
from benchmarks.stack import Running, a_folder, a_stack
from contracts.topics import ACTIVITY
from runtime.errors import UsageError
from runtime.process import raise_file_limit, settle_memory

WARM_UP_SECONDS: Final = 10.0
SETTLE_SECONDS: Final = 10.0
REST_SECONDS: Final = 3.0
EVENTS_MIN: Final = 10
STREAMS_MIN: Final = 2
"""The first one brings what any stream needs; memory is said of the others."""


def main(arguments: list[str]) -> None:
    """Print the percentiles.

    Raises UsageError for figures that cannot be measured, and where a browser is needed and there
    is none.
    """
    parser = argparse.ArgumentParser(prog="benchmarks live", description=__doc__)
    parser.add_argument("--rate", type=float, default=200, help="events a second of all (200)")
    parser.add_argument("--seconds", type=float, default=60, help="measured, after a warm-up (60)")
    parser.add_argument("--learners", type=int, default=200, help="whose events they are (200)")
    parser.add_argument("--shown", type=float, default=3, help="of the page's learner a second (3)")
    parser.add_argument("--streams", type=int, help="open so many streams, and no browser")
    options = parser.parse_args(arguments)
    _judge(options)
    path = "" if options.streams is not None else a_browser_path()
    print(heading())
    load = os.getloadavg()[0]
    with a_folder() as folder, a_stack(folder, LEARNSTREAM_METRICS_PORT="0") as stack:
        many = options.streams is not None
        asyncio.run(_streams(stack, options) if many else _page(stack, options, path))
    print(f"load average before the start: {load:.1f} (what else ran on this machine)")


def _judge(options: argparse.Namespace) -> None:
    """Raises UsageError where nothing can be made of them."""
    if options.streams is not None and not STREAMS_MIN <= options.streams <= STREAMS_MAX:
        expected = f"{STREAMS_MIN} to {STREAMS_MAX}"
        raise UsageError(f"--streams: seen {options.streams}, expected {expected}")
    if options.learners < 1:
        raise UsageError(f"--learners: seen {options.learners}, expected 1 or more")
    if not 0 < options.shown < options.rate:
        raise UsageError(
            f"--shown is {options.shown:g} and --rate {options.rate:g}; expected events of the "
            "page's learner, and more of all"
        )
    if options.shown * options.seconds < EVENTS_MIN:
        raise UsageError(
            f"--seconds: seen {options.seconds:g}, expected {EVENTS_MIN} events or more of the "
            "page's learner"
        )


@asynccontextmanager
async def _sending(stack: Running, learners: list[str]) -> AsyncIterator[Sending]:
    settings = stack.settings()
    producer = a_producer(settings)
    await producer.start()
    try:
        yield Sending(producer, settings.topic(ACTIVITY.name), learners)
    finally:
        await producer.stop()


# -- a page in a browser -------------------------------------------------------------------------


async def _page(stack: Running, options: argparse.Namespace, path: str) -> None:
    learners = [f"learner-{number}" for number in range(options.learners)]
    async with _sending(stack, learners) as load:
        await load.send(SHOWN)
        async with a_page(stack, path) as page, asyncio.TaskGroup() as group:
            rate, seconds = options.rate - options.shown, WARM_UP_SECONDS + options.seconds
            settle_memory()
            group.create_task(load.go(rate, seconds))
            await watch(page, load, options.shown, WARM_UP_SECONDS)
            changed = await watch(page, load, options.shown, options.seconds)
    _print_page(changed, options)


def _print_page(changed: Changed, options: argparse.Namespace) -> None:
    times = changed.times()
    assert len(times) >= EVENTS_MIN, f"{len(times)} events were shown, expected {EVENTS_MIN}"
    print(
        f"\n{options.rate:.0f} events/s of {options.learners} learners for {options.seconds:.0f} s "
        f"after {WARM_UP_SECONDS:.0f} s, {options.shown:g} a second of the one whose page is open\n"
        "ms by the machine's wall clock, from before the producer's send to the observer of the "
        f"DOM\n{'':<72}     p50     p95     p99     max"
    )
    for (name, what), found in zip(STAGES, zip(*changed.stages(), strict=True), strict=True):
        print(f"{name:<26}{what:<46} {percentiles(found)}")
    print(f"{'send -> changed number in the DOM, n = ' + str(len(times)):<72} {percentiles(times)}")
    print(f"never shown: {changed.missing()} of {len(changed.sent)}")


# -- many streams --------------------------------------------------------------------------------


async def _streams(stack: Running, options: argparse.Namespace) -> None:
    raise_file_limit()
    users, process = readers(options.streams), stack.part("api")
    learners = list(dict.fromkeys(users))
    sent = defaultdict[str, list[float]](list)
    async with _sending(stack, learners) as load:
        await load.go(options.rate, len(learners) / options.rate)
        streams = Streams(stack)
        await streams.begin(users[:1])
        before = await _resident(process)
        await streams.begin(users[1:])
        after = await _resident(process)
        settle_memory()
        known = streams.known()
        load.sent = lambda user, at: sent[user].append(at)
        cpu = process.cpu_times()
        await load.go(options.rate, options.seconds)
        used = process.cpu_times()
        await asyncio.sleep(SETTLE_SECONDS)
    open_still = streams.running()
    found = hinted(streams.open, sent, known)
    seconds = await stop_seconds(process)
    await streams.end()
    share = (used.user + used.system - cpu.user - cpu.system) / options.seconds
    _print_hints(found, options, len(learners))
    print(
        f"opened {len(streams.open)} streams of {len(learners)} learners, {open_still} still open"
    )
    each = (after - before) / (len(users) - 1) / 1024
    print(
        f"the API's process: {before / 2**20:.0f} MiB before, {after / 2**20:.0f} after, "
        f"{each:.0f} KiB a stream; {share:.0%} of a processor; stopped with all open in "
        f"{seconds:.2f} s"
    )


async def _resident(process: psutil.Process) -> int:
    """Bytes, after a while in which nothing was asked."""
    await asyncio.sleep(REST_SECONDS)
    return int(process.memory_info().rss)


def _print_hints(found: Hinted, options: argparse.Namespace, learners: int) -> None:
    print(
        f"\n{options.rate:.0f} events/s of {learners} learners for {options.seconds:.0f} s; ms by "
        f"one clock of one process\n{'':<42}     p50     p95     p99     max\n"
        f"{'send -> hint, n = ' + str(len(found.times)):<42} {percentiles(found.times)}\n"
        f"lost: {found.lost}"
    )
