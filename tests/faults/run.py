"""One run: start all, strike and get well again and again, then judge."""

import json
import logging
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec

from contracts.topics import ALERTS
from devstack.environment import PROGRAM
from tests.faults.evidence import keep
from tests.faults.load import Sender
from tests.faults.memory import MemoryReader, growing_lives
from tests.faults.operator_view import OperatorView
from tests.faults.page_reader import PageReader, a_page_reader
from tests.faults.parts import ROOT, MissedError, Parts, SkippedError, StuckError, ViolationError
from tests.faults.plan import PARTITIONS, Fault, Plan
from tests.faults.readers import AlertsReader, ApiReader
from tests.faults.samplers import RowReader, StateReader, left_of_states
from tests.faults.scene import START_SECONDS, Scene
from tests.faults.shown import done_after
from tests.faults.stage import Servers, stage
from tests.faults.strikes import STRIKES
from tests.faults.watching import Disturbances, Watcher
from tests.working import stored

VERIFY_SECONDS: Final = 60
ALERTS_SECONDS: Final = 60.0
PAGE_SECONDS: Final = 30.0
VALUES_MIN: Final = 3
COMPACT_SECONDS: Final = 15.0
COMPACTED_SHARE: Final = 0.7

Say: TypeAlias = Callable[[str], None]


@dataclass(slots=True)
class Verdict:
    """What a run came to."""

    plan: Plan
    began: float = field(default_factory=time.monotonic)
    started: bool = False
    """Whether all was well once before anything struck."""
    struck: list[dict[str, Any]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    """Faults that cannot strike on this machine, and why."""
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """`held`, `violated`, or `invalid` where it proves nothing."""
        if self.violations:
            return "violated"
        return "invalid" if self.invalid else "held"

    def as_json(self) -> dict[str, Any]:
        """One line of the file of verdicts."""
        return {
            "seed": self.plan.seed,
            "verdict": self.word,
            **self.plan.as_json(),
            "struck": self.struck,
            "violations": self.violations,
            "invalid": self.invalid,
            **({"skipped": self.skipped} if self.skipped else {}),
            **self.figures,
        }


@dataclass(slots=True)
class Watchers:
    """Everybody who looks during a run."""

    states: StateReader
    rows: RowReader
    alerts: AlertsReader
    api: ApiReader
    memory: MemoryReader
    operator: OperatorView
    page: PageReader | None
    """None where this machine has no browser."""

    def all(self) -> tuple[Watcher, ...]:
        """All of them."""
        always = self.states, self.rows, self.alerts, self.api, self.memory, self.operator
        return always if self.page is None else (*always, self.page)

    def finish(self) -> list[str]:
        """Stop all; what they saw go wrong."""
        for each in self.all():
            each.finish()
        told = [problem for each in self.all() for problem in each.problems]
        return [*told, *growing_lives(self.memory.samples)]


Strikes: TypeAlias = Callable[[Scene, Watchers, Verdict, Say], None]


def strike_all(scene: Scene, watchers: Watchers, verdict: Verdict, say: Say) -> None:
    """One fault after the other."""
    del watchers
    for fault in verdict.plan.faults:
        strike_and_heal(scene, fault, verdict, say)


def run(
    servers: Servers,
    plan: Plan,
    say: Say,
    *,
    name: str = "",
    mutant: str | None = None,
    strikes: Strikes = strike_all,
) -> Verdict:
    """Run a plan; a fault that hit nothing makes it invalid."""
    verdict = Verdict(plan)
    with on_scene(servers, plan, name or f"seed-{plan.seed}", mutant) as (scene, watchers):
        try:
            start_all(scene, watchers, plan.workers)
            verdict.started = True
            strikes(scene, watchers, verdict, say)
            judge(scene, watchers, verdict)
        except StuckError as error:
            verdict.violations.append(str(error))
            say(_last_words(scene))
        verdict.violations += scene.parts.down
        verdict.violations += [] if scene.sender.problem is None else [scene.sender.problem]
        scene.sender.finish()
        verdict.violations += watchers.finish()
        if verdict.violations and mutant is None:
            say(f"  kept for the search: {keep(scene, plan.seed)}")
        verdict.figures["broker_mended"] = len(scene.mended) - 1
        verdict.figures["seconds"] = round(time.monotonic() - verdict.began, 1)
    return verdict


@contextmanager
def on_scene(
    servers: Servers, plan: Plan, name: str, mutant: str | None
) -> Iterator[tuple[Scene, Watchers]]:
    """The topics, tables, parts and watchers of one run; nothing runs yet."""
    with clients_silent(), stage(servers, plan, name) as made:
        (made.folder / "logs").mkdir()
        parts = Parts(made.environment, made.folder / "logs", mutant)
        sender = Sender(made.settings, plan)
        disturbed = Disturbances()
        states = StateReader(made.settings, disturbed)
        operator = OperatorView(made.settings, parts)
        watchers = Watchers(
            states,
            RowReader(made.settings, states),
            AlertsReader(made.settings),
            ApiReader(made.settings, sender, plan.seed),
            MemoryReader(parts, operator.well),
            operator,
            a_page_reader(made.settings, sender),
        )
        try:
            yield (
                Scene(
                    servers=servers,
                    stage=made,
                    parts=parts,
                    sender=sender,
                    rows=watchers.rows,
                    api=watchers.api,
                    operator=watchers.operator,
                    disturbed=disturbed,
                    mended=[servers.kafka.child.launch.log.stat().st_size],
                ),
                watchers,
            )
        finally:
            parts.stop()
            if not servers.kafka.child.running():
                servers.kafka.start()
            if not servers.postgres.child.running():
                servers.postgres.start()


@contextmanager
def clients_silent() -> Iterator[None]:
    """That a broker is away is what a run is about: kafka-python need not complain of it."""
    kafka = logging.getLogger("kafka")
    level = kafka.level
    kafka.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        kafka.setLevel(level)


def start_all(scene: Scene, watchers: Watchers, workers: int) -> None:
    """Start the parts, the watchers and the load, and wait until events come through."""
    scene.sender.send_courses()
    names = ("sink", "api", "trainer", "worker-1", "worker-2")[: 3 + workers]
    for name in names:
        scene.parts[name].start()
    for each in watchers.all():
        each.start()
    scene.parts.until(
        lambda: sum(part.taken() for part in scene.parts.workers()) >= PARTITIONS,
        START_SECONDS,
        "every partition has an owner",
    )
    scene.parts.until(scene.parts["trainer"].taken, START_SECONDS, "a trainer that learns")
    scene.sender.start()
    if (page := watchers.page) is not None:
        scene.parts.until(lambda: page.opened > 0, START_SECONDS, "a browser with the page")
    scene.well(time.monotonic())


def strike_and_heal(scene: Scene, fault: Fault, verdict: Verdict, say: Say) -> None:
    """One fault, and the wait until all is well again."""
    scene.parts.pump(fault.calm)
    scene.operator.begin()
    before = time.monotonic()
    try:
        gone = STRIKES[fault.kind](scene, random.Random(fault.chance))
    except SkippedError as error:
        verdict.skipped.append(f"{fault.kind}: {error}")
        say(f"  {fault.kind} skipped: {error}")
        return
    except MissedError as error:
        verdict.invalid.append(f"{fault.kind}: {error}")
        say(f"  {fault.kind} missed: {error}")
        return
    except ViolationError as error:
        verdict.violations.append(f"{fault.kind}: {error}")
        gone = time.monotonic()
    struck = {
        "kind": fault.kind,
        "at": round(before - verdict.began, 1),
        "took": round(gone - before, 2),
        "recovered": round(scene.well(gone), 2),
    }
    verdict.struck.append({**struck, "signs": scene.operator.told()})
    say("  {kind}: struck at {at} s for {took} s, well {recovered} s later".format_map(struck))


def judge(scene: Scene, watchers: Watchers, verdict: Verdict) -> None:
    """Everything through, compacted, equal to the log folded again, and seen by the readers."""
    scene.sender.finish()
    if scene.sender.problem is not None:
        return
    ends = scene.sender.following
    scene.parts.until(
        lambda: all(watchers.rows.next[p] >= end for p, end in ends.items()),
        VERIFY_SECONDS,
        "I5: the lag is 0 when the load is over",
    )
    verdict.figures["compaction"] = _compacted(scene, verdict)
    report = _verify(scene)
    verdict.figures["events"] = report.get("events", 0)
    verdict.figures["sent"] = scene.sender.sent
    verdict.violations += [
        f"verify: {name}: {check['named']}"
        for name, check in report["checks"].items()
        if not check["equal"]
    ]
    told = report["checks"].get("alerts", {}).get("found", 0)
    _judge_alerts(scene, watchers.alerts, told, verdict)
    _judge_offsets(scene, watchers.states, verdict)
    _judge_page(scene, watchers.page, verdict)
    verdict.figures["snapshots"] = watchers.rows.compared
    verdict.figures["alerts"] = len(watchers.alerts.ids)
    verdict.figures["answers"] = {str(k): n for k, n in sorted(watchers.api.statuses.items())}
    verdict.figures["memory_mib"] = watchers.memory.highest()


def _compacted(scene: Scene, verdict: Verdict) -> dict[str, int]:
    """Wait for the cleaner; a topic that was not compacted proves nothing about compaction."""
    found = {"offsets": 1, "records_left": 1}

    def cleaned() -> bool:
        scene.parts.pump(0.5)
        found.update(left_of_states(scene.stage.settings))
        return found["records_left"] < COMPACTED_SHARE * found["offsets"]

    try:
        scene.parts.until(cleaned, COMPACT_SECONDS, "the log cleaner")
    except StuckError:
        verdict.invalid.append(f"progress.state was not compacted: {found}")
    return found


def _judge_alerts(scene: Scene, reader: AlertsReader, verified: int, verdict: Verdict) -> None:
    """The reader saw all that stands on the topic: what `verify` found, and what came since.

    A tick may publish while `verify` runs. A client that lost the broker looks for it again after
    half a minute at the latest.
    """
    records = stored(scene.stage.settings, ALERTS.name)
    stands = {msgspec.json.decode(record.value)["id"] for record in records}
    if len(records) < verified:
        verdict.violations.append(f"I3: {len(records)} alerts stand there, verify saw {verified}")
    with suppress(StuckError):
        scene.parts.until(lambda: stands <= reader.ids, ALERTS_SECONDS, "")
    if not stands <= reader.ids:
        seen = len(stands & reader.ids)
        verdict.violations.append(f"I3: the alerts reader saw {seen} of {len(stands)} alerts")


def _judge_page(scene: Scene, page: PageReader | None, verdict: Verdict) -> None:
    """The page came to show all that was sent; one that hardly changed proves nothing."""
    if page is None:
        verdict.figures["page"] = "no browser"
        return
    expected = done_after(scene.sender.shown_sent)
    try:
        scene.parts.until(lambda: page.judge.last("done") == expected, PAGE_SECONDS, "")
    except StuckError:
        seen = page.judge.figures()
        verdict.violations.append(
            f"I5: the page showed {seen}, expected {expected}% done in the end"
        )
    if len(page.judge.numbers["done"]) < VALUES_MIN:
        verdict.invalid.append(f"the page showed {page.judge.figures()}; {page.failed}")
    verdict.figures["page"] = page.judge.figures()


def _judge_offsets(scene: Scene, states: StateReader, verdict: Verdict) -> None:
    def equal() -> bool:
        return states.committed == states.next

    try:
        scene.parts.until(equal, START_SECONDS, "")
    except StuckError:
        verdict.violations.append(
            f"I4: at the end the group stands at {states.committed}, the records at {states.next}"
        )


def _verify(scene: Scene) -> dict[str, Any]:
    done = subprocess.run(
        [*PROGRAM, "verify", "--wait", str(VERIFY_SECONDS), "--json"],
        env=scene.stage.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise StuckError(f"verify ended with {done.returncode}: {said}") from None
    return report


def _last_words(scene: Scene) -> str:
    folder = scene.stage.folder / "logs"
    return "\n".join(
        f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}"
        for log in folder.iterdir()
        if log.name != "api.log"
    )
