"""Every count of the screens against the plainest recount of the raw events."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.course_facts import Assessment, CourseFacts, Module
from domain.state.limits import DAYS_MAX
from metrics.dashboard import dashboard
from metrics.trends import trend_analysis
from tests.factories import (
    COURSE,
    Bench,
    at,
    completed,
    enrolled,
    event,
    graded,
    seconds,
    submitted,
    viewed,
)
from tests.viewing import view

pytestmark = pytest.mark.long

DAYS = 80
WORK = {"content_viewed", "module_completed", "assessment_submitted", "discussion_posted"}
ZONES = ("UTC", "Asia/Tokyo", "America/New_York")
WEIGHTS = {f"m{n}": float(1 + n % 3) for n in range(30)}


def facts() -> CourseFacts:
    return CourseFacts(
        course_id=COURSE,
        modules=tuple(Module(id=name, weight=weight) for name, weight in WEIGHTS.items()),
        assessments=tuple(Assessment(id=f"a{n}", due_at=seconds(at(3 * n + 1))) for n in range(26)),
    )


def random_events(seed: int, zone: str) -> list[dict[str, Any]]:
    """Some 600 events over 80 days with silent stretches, in order of time."""
    random = Random(seed)
    made = [enrolled(at(-1), timezone=zone)]
    for day in range(DAYS):
        if random.random() < 0.45:
            continue
        for _ in range(random.randint(1, 12)):
            when = at(day, minutes=random.randint(-9 * 60, 14 * 60))
            made.append(_random_event(random, when))
    made.sort(key=lambda each: each["occurred_at"])
    kept = _without_regrades_of_the_unseen(made)
    return [{**each, "event_id": f"e{n}"} for n, each in enumerate(kept)]


def _without_regrades_of_the_unseen(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Work whose submission was never seen gets one grade: a second one hides the first's time."""
    kept, submitted_names, unseen = [], set(), set()
    for each in events:
        name = each.get("assessment_id")
        if name in unseen:
            continue
        if each["type"] == "assessment_submitted":
            submitted_names.add(name)
        elif name is not None and name not in submitted_names:
            unseen.add(name)
        kept.append(each)
    return kept


def _random_event(random: Random, when: datetime) -> dict[str, Any]:
    kind = random.choice(["view", "view", "view", "module", "post", "submit", "grade"])
    if kind == "view":
        return viewed(when, f"page-{random.randint(1, 3)}", duration_seconds=random.randint(0, 900))
    if kind == "module":
        return completed(when, f"m{random.randint(0, 29)}")
    if kind == "post":
        return event("discussion_posted", when, post_id=f"p{when.isoformat()}")
    name = f"a{random.randint(0, 25)}"
    if kind == "submit":
        return submitted(when, name)
    return graded(when, random.randint(30, 100), name)


class Recount:
    """The raw events of one learner, counted in dictionaries."""

    def __init__(self, events: list[dict[str, Any]], zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self.activities: dict[date, int] = defaultdict(int)
        self.submitted: dict[date, set[str]] = defaultdict(set)
        self.modules: dict[date, int] = defaultdict(int)
        self.posts: dict[date, int] = defaultdict(int)
        self.worked_at: dict[date, list[datetime]] = defaultdict(list)
        self.presence: list[tuple[datetime, int]] = []
        self.done: set[str] = set()
        self.first_submitted: dict[str, datetime] = {}
        self.grades: dict[str, tuple[datetime, float]] = {}
        self.seen_in_hour: set[tuple[str, str]] = set()
        for each in events:
            self._count(each, datetime.fromisoformat(each["occurred_at"]))

    def _count(self, each: dict[str, Any], when: datetime) -> None:
        day = when.astimezone(self.zone).date()
        kind = each["type"]
        if kind in WORK:
            self.presence.append((when, each.get("duration_seconds", 0)))
        if kind in WORK and self._first_view(each):
            self.activities[day] += 1
            self.worked_at[day].append(when)
        if kind == "module_completed" and each["module_id"] not in self.done:
            self.done.add(each["module_id"])
            self.modules[day] += 1
        if kind == "discussion_posted":
            self.posts[day] += 1
        if kind == "assessment_submitted":
            self.submitted[day].add(each["assessment_id"])
            self.first_submitted.setdefault(each["assessment_id"], when)
        if kind == "assessment_graded":
            name = each["assessment_id"]
            self.grades[name] = (when, float(each["score"]))
            if name not in self.first_submitted:
                self.submitted[day].add(name)
                self.first_submitted[name] = when

    def _first_view(self, each: dict[str, Any]) -> bool:
        if each["type"] != "content_viewed":
            return True
        key = each["content_id"], each["occurred_at"][:13]
        if key in self.seen_in_hour:
            return False
        self.seen_in_hour.add(key)
        return True

    def spans(self) -> list[tuple[datetime, datetime]]:
        """Presence from first to last, where no gap is over 30 minutes."""
        spans: list[tuple[datetime, datetime]] = []
        for start, seconds_there in sorted(self.presence):
            end = start + timedelta(seconds=seconds_there)
            if spans and start <= spans[-1][1] + timedelta(minutes=30):
                spans[-1] = spans[-1][0], max(spans[-1][1], end)
            else:
                spans.append((start, end))
        return spans

    def seconds_on(self, days: set[date]) -> int:
        """Seconds of the spans that fall on these local dates, minute by minute."""
        total = 0
        for start, end in self.spans():
            for second in range(0, int((end - start).total_seconds()), 60):
                moment = start + timedelta(seconds=second)
                left = min(60, int((end - moment).total_seconds()))
                total += left if moment.astimezone(self.zone).date() in days else 0
        return total

    def runs(self) -> list[tuple[date, int]]:
        """Each day with work and the length of its run: no gap of two dates and over 36 hours."""
        days = sorted(day for day, count in self.activities.items() if count)
        runs = [(days[0], 1)]
        for before, day in pairwise(days):
            silent = min(self.worked_at[day]) - max(self.worked_at[before])
            goes_on = (day - before).days == 1 or silent <= timedelta(hours=36)
            runs.append((day, runs[-1][1] + 1 if goes_on else 1))
        return runs

    def streak(self, today: date, when: datetime) -> int:
        day, length = self.runs()[-1]
        fresh = (today - day).days <= 1 or when - max(self.worked_at[day]) <= timedelta(hours=36)
        return length if fresh else 0

    def longest(self) -> int:
        return max(length for _, length in self.runs())


def last_days(today: date, count: int) -> list[date]:
    return [today - timedelta(days=back) for back in reversed(range(count))]


def round1(value: float) -> float:
    return round(value, 1)


@pytest.fixture(params=[(seed, zone) for seed in (1, 2, 3) for zone in ZONES], ids=str)
def told(request: pytest.FixtureRequest) -> tuple[Bench, Recount, str, date]:
    seed, zone = request.param
    events = random_events(seed, zone)
    bench = Bench(facts=facts()).send(*events)
    assert bench.letters == []
    return bench, Recount(events, zone), zone, now().astimezone(ZoneInfo(zone)).date()


def now() -> datetime:
    return at(DAYS - 1, hours=14)


def test_today_and_the_week_are_what_the_events_say(told: Any) -> None:
    bench, count, _, today = told
    shown = dashboard(view(bench, now())).realtime_metrics
    week = last_days(today, 7)
    assert shown.daily_activities == count.activities[today]
    assert shown.daily_assessments == len(count.submitted[today])
    assert shown.weekly_activities == sum(count.activities[day] for day in week)
    assert shown.weekly_assessments == len(set().union(*(count.submitted[day] for day in week)))
    worked = [day for day, n in count.activities.items() if n]
    assert shown.days_inactive == (today - max(worked)).days


def test_streaks_are_runs_of_dates(told: Any) -> None:
    bench, count, _, today = told
    shown = dashboard(view(bench, now())).progress_summary
    assert shown.streak_days == count.streak(today, now())
    assert shown.longest_streak_days == count.longest()
    assert shown.active_today == bool(count.activities[today])


def test_progress_is_weight_done_of_weight(told: Any) -> None:
    bench, count, _, _ = told
    shown = dashboard(view(bench, now())).progress_summary
    done = sum(WEIGHTS[name] for name in count.done)
    assert shown.overall_progress == round1(100 * done / sum(WEIGHTS.values()))
    assert (shown.modules_completed, shown.total_modules) == (len(count.done), 30)
    assert shown.basis == "modules"


def test_the_average_is_over_the_latest_grade_of_each_assessment(told: Any) -> None:
    bench, count, _, _ = told
    shown = dashboard(view(bench, now())).realtime_metrics
    scores = [score for _, score in count.grades.values()]
    assert shown.score_count == len(scores)
    assert shown.average_score == round1(sum(scores) / len(scores))


def test_the_week_before_is_compared(told: Any) -> None:
    bench, count, _, today = told
    shown = dashboard(view(bench, now())).comparison
    before = last_days(today - timedelta(days=7), 7)
    assert shown.activities.last_week == sum(count.activities[day] for day in before)


def test_every_row_of_the_period_is_recounted(told: Any) -> None:
    bench, count, zone, today = told
    shown = trend_analysis(view(bench, now()), 60, "comprehensive")
    learning, scores = shown.learning_trends, shown.performance_trends
    assert learning is not None
    assert scores is not None
    days = last_days(today, 60)
    assert [row.date for row in learning.daily] == [day.isoformat() for day in days]
    assert [row.activities for row in learning.daily] == [count.activities[d] for d in days]
    assert [row.modules_completed for row in learning.daily] == [count.modules[d] for d in days]
    assert [row.assessments for row in learning.daily] == [len(count.submitted[d]) for d in days]
    assert learning.activities == sum(count.activities[day] for day in days)
    assert learning.active_days == sum(1 for day in days if count.activities[day])
    by_day: dict[date, list[float]] = defaultdict(list)
    for when, score in count.grades.values():
        by_day[when.astimezone(ZoneInfo(zone)).date()].append(score)
    means = [round1(sum(by_day[d]) / len(by_day[d])) if d in by_day else None for d in days]
    assert [row.average_score for row in scores.daily] == means


def test_what_was_due_is_recounted(told: Any) -> None:
    bench, count, zone, today = told
    shown = trend_analysis(view(bench, now()), 45, "learning").learning_trends
    assert shown is not None
    first = today - timedelta(days=44)
    due = {
        f"a{n}": at(3 * n + 1)
        for n in range(26)
        if first <= at(3 * n + 1).astimezone(ZoneInfo(zone)).date() and at(3 * n + 1) <= now()
    }
    done = [name for name in due if name in count.first_submitted]
    in_time = [name for name in done if count.first_submitted[name] <= due[name]]
    assert (shown.due, shown.done) == (len(due), len(done))
    assert shown.completion_rate == round1(100 * len(done) / len(due))
    assert shown.on_time_rate == round1(100 * len(in_time) / len(due))


def test_weeks_and_weekdays_are_sums_of_the_days(told: Any) -> None:
    bench, count, _, today = told
    shown = trend_analysis(view(bench, now()), 42, "engagement").engagement_trends
    assert shown is not None
    days = last_days(today, 42)
    weeks = [days[n : n + 7] for n in range(0, 42, 7)]
    assert [row.activities for row in shown.weekly] == [
        sum(count.activities[day] for day in week) for week in weeks
    ]
    assert [row.activities for row in shown.weekday_pattern] == [
        sum(count.activities[day] for day in days if day.isoweekday() == weekday)
        for weekday in range(1, 8)
    ]
    profiles = [{d.isoweekday() for d in week if count.activities[d]} for week in weeks]
    alike = [len(a & b) / max(len(a), len(b)) for a, b in pairwise(profiles) if a or b]
    share = sum(1 for profile in profiles if profile) / 6
    assert shown.consistency_score == round1(100 * share * sum(alike) / len(alike))


def test_minutes_are_the_union_of_presence_and_short_gaps(told: Any) -> None:
    bench, count, _, today = told
    shown = dashboard(view(bench, now())).learning_sessions
    analysis = trend_analysis(view(bench, now()), 30, "learning").session_analysis
    assert analysis is not None
    spans = count.spans()
    week, month = last_days(today, 7), last_days(today, 30)
    assert shown.today_minutes == round(count.seconds_on({today}) / 60)
    assert shown.week_minutes == round(count.seconds_on(set(week)) / 60)
    starts = [start.astimezone(count.zone).date() for start, _ in spans]
    assert shown.week_count == sum(1 for day in starts if day in week)
    assert analysis.count == sum(1 for day in starts if day in month)
    lengths = [
        (end - start).total_seconds() / 60
        for (start, end), day in zip(spans, starts, strict=True)
        if day in month
    ]
    assert analysis.median_minutes == round1(median(lengths))
    assert analysis.longest_minutes == round(max(lengths))


def test_numbers_of_one_answer_agree(told: Any) -> None:
    bench, _, _, _ = told
    shown = dashboard(view(bench, now()))
    analysis = trend_analysis(view(bench, now()), 30, "comprehensive")
    assert analysis.performance_trends is not None
    assert shown.performance_trends.daily == analysis.performance_trends.daily
    assert shown.performance_trends.trend == analysis.performance_trends.trend
    assert shown.comparison.activities.this_week == shown.realtime_metrics.weekly_activities
    assert shown.comparison.minutes.this_week == shown.learning_sessions.week_minutes
    assert shown.insights == analysis.insights


def test_the_previous_period_is_null_where_the_buckets_do_not_reach() -> None:
    bench = Bench(facts=facts()).send(*random_events(1, "UTC"))
    for day in range(DAYS, DAYS_MAX + 40):
        bench.send(viewed(at(day)))
    when = at(DAYS_MAX + 39, hours=1)
    short = trend_analysis(view(bench, when), 30, "learning").learning_trends
    long = trend_analysis(view(bench, when), 60, "learning").learning_trends
    assert short is not None
    assert long is not None
    assert short.previous.activities is not None
    assert long.previous.activities is None
    assert long.previous.completion_rate is None
