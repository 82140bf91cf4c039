"""Hundreds of learners of the simulator and of OULAD read what a plain recount comes to."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from contracts.course_facts import decode_course_facts
from domain.course_facts import CourseFacts
from feeds.oulad import OuladOptions, read_oulad
from feeds.records import Record
from feeds.simulate import Simulation
from metrics.completion import completion_predictions
from metrics.dashboard import dashboard
from metrics.segments import segment
from metrics.view import View
from tests.factories import Bench, at
from tests.plain_recount import DAY, Plain, epoch

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

PLAN = Simulation(learners=200, days=35, seed=5, until=int(at(400).timestamp()))
OULAD_DAYS = (60, 150)  # of the course, at whose ends the learners are looked at
OULAD_SHARE = 3  # one learner in so many


def oulad_folder() -> Path:
    """The data set beside the repository, or where LEARNSTREAM_DATA says."""
    named = os.environ.get("LEARNSTREAM_DATA")
    folder = Path(named) if named else Path(__file__).parents[2].parent / "shared" / "data"
    if not (folder / "oulad").is_dir():
        pytest.skip(f"no OULAD under {folder}; say where by LEARNSTREAM_DATA")
    return folder / "oulad"


def differences(
    records: Iterable[Record],
    events: Iterable[dict[str, Any]],
    moments: Iterable[int],
    *,
    timed: bool,
) -> tuple[int, list[str]]:
    """How many screens were compared, and what is not equal in them."""
    bench, raw = Bench(), {}
    for record in records:
        facts = decode_course_facts(record.key, record.value)
        assert isinstance(facts, CourseFacts)
        bench.adopt("course", facts)
        raw[facts.course_id] = json.loads(record.value or b"")
    waiting, by_user = list(events), defaultdict(list)
    compared, found = 0, list[str]()
    for now in moments:
        come = [each for each in waiting if epoch(each["occurred_at"]) <= now]
        waiting = waiting[len(come) :]
        bench.send(*come)
        for each in come:
            by_user[str(each["user_id"])].append(each)
        for user, own in by_user.items():
            compared += 1
            found += [
                f"{user} at {now}: {said}"
                for said in compare(bench, user, own, raw, now, timed=timed)
            ]
    assert bench.letters == []
    return compared, found


def compare(
    bench: Bench, user: str, own: list[Any], raw: dict[str, Any], now: int, *, timed: bool
) -> Iterator[str]:
    state = bench.learner(user)
    looked = View(state=state, facts=bench.fold.facts, cohort=None, now=now, default_zone="UTC")
    seconds = {date.fromordinal(day.day): day.seconds for day in state.days} if timed else None
    plain = Plain(own, raw, now, seconds)
    shown, metrics = dashboard(looked), dashboard(looked).realtime_metrics
    pooled = completion_predictions(looked, 30)
    scores = [percent for _, percent, _ in plain.scores()]
    codes = {each.code.removeprefix("insight.") for each in shown.insight_details}
    pairs: dict[str, tuple[object, object]] = {
        "days_inactive": (metrics.days_inactive, plain.days_inactive(plain.today)),
        "weekly_activities": (metrics.weekly_activities, plain.week(plain.today, plain.work)),
        "engagement_level": (metrics.engagement_level, plain.engagement()),
        "segment": (segment(looked)[0], plain.segment()),
        "level_for_now": (shown.progress_summary.level_for_now, plain.level_for_now()),
        "deadline": (
            next((code for code in codes if code.startswith("deadline_")), None),
            plain.deadline(),
        ),
    }
    if plain.entered:
        mean = round(sum(scores) / len(scores), 1) if scores else None
        pairs["average_score"] = metrics.average_score, mean
    if pooled and pooled[-1].schedule != "done":
        pairs["schedule"] = pooled[-1].schedule, plain.schedule()
    for name, (said, counted) in pairs.items():
        if said != counted:
            yield f"{name} {said} and not {counted}"


def test_two_hundred_simulated_learners_read_what_the_events_say() -> None:
    moments = [PLAN.until - 9 * DAY, PLAN.until, PLAN.until + 20 * DAY]
    made = (each.event for each in PLAN.events())
    compared, found = differences(PLAN.facts(), made, moments, timed=True)
    assert found == [], found[:10]
    assert compared >= 400


def test_learners_of_oulad_read_what_the_events_say() -> None:
    oulad = read_oulad(OuladOptions(oulad_folder(), frozenset({"AAA-2013J"})))
    begins = epoch(json.loads(oulad.courses()[0].value or b"")["starts_at"])
    moments = [begins + day * DAY + DAY - 1 for day in OULAD_DAYS]
    some = (
        json.loads(each.value or b"")
        for each in oulad.events()
        if crc32(each.key or b"") % OULAD_SHARE == 0
    )
    compared, found = differences(oulad.courses(), some, moments, timed=False)
    assert found == [], found[:10]
    assert compared >= 200
