"""The examples of the original specification, met field by field by events that make them so."""

from datetime import datetime, timedelta

from domain.alerts import Transition
from domain.course_facts import Assessment, CourseFacts, Module, WeeklyTargets
from domain.texts import text
from metrics.dashboard import dashboard
from tests.factories import (
    COURSE,
    Bench,
    at,
    completed,
    enrolled,
    graded,
    seconds,
    submitted,
    viewed,
)
from tests.viewing import view

NOW = at(30, hours=9)  # 18:00 on the 31st day
WEIGHTS = [5.0] * 14 + [5.5] + [4.9] * 5  # 15 of them: 75.5 of 100
SCORES = (76, 81, 84, 89)  # mean 82.5, rising


def facts() -> CourseFacts:
    due = {"a5": at(28.9), "a8": at(28), "a9": at(27)}  # two of three are submitted in time
    return CourseFacts(
        course_id=COURSE,
        title="Statistics",
        starts_at=seconds(at(0)),
        ends_at=seconds(at(60)),
        weekly_targets=WeeklyTargets(active_days=6, minutes=420, activities=38),
        modules=tuple(Module(id=f"m{n + 1}", weight=w) for n, w in enumerate(WEIGHTS)),
        assessments=tuple(
            Assessment(id=name, due_at=seconds(due[name]) if name in due else None)
            for name in ("a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9")
        ),
    )


def busy_learner() -> Bench:
    """31 days of a learner whose screen is the specification's example.

    Five days in seven, the same for weeks: the engagement level is smoothed.
    """
    bench = Bench(facts=facts()).send(enrolled(at(0)))
    days = [day for day in range(31) if (30 - day) % 7 < 5]
    for n, score in enumerate(SCORES):
        day = days[4 + 2 * n]
        bench.send(submitted(at(day), f"a{n + 1}"), graded(at(day, hours=2), score, f"a{n + 1}"))
    for n in range(15):
        bench.send(completed(at(days[n], hours=1), f"m{n + 1}"))
    for back in range(5):  # a streak of five days, each with a submitted assessment
        bench.send(submitted(at(30 - back), f"a{5 + back}"))
    for day in days:
        bench.send(*_hour_of_views(at(day, minutes=5), 6 if day < 30 else 2))
    return bench


def _hour_of_views(start: datetime, views: int) -> list[dict[str, object]]:
    return [
        viewed(start + timedelta(minutes=12 * n), f"page-{n}", duration_seconds=600)
        for n in range(views)
    ]


def test_the_dashboard_of_the_specification() -> None:
    shown = dashboard(view(busy_learner(), NOW))
    progress, metrics = shown.progress_summary, shown.realtime_metrics
    assert (
        progress.overall_progress,
        progress.modules_completed,
        progress.total_modules,
        progress.current_level,
        progress.streak_days,
    ) == (75.5, 15, 20, "Intermediate", 5)
    assert (
        metrics.daily_activities,
        metrics.daily_assessments,
        metrics.weekly_assessments,
        metrics.average_score,
        metrics.engagement_level,
        metrics.performance_trend,
    ) == (3, 1, 5, 82.5, 85, "improving")
    assert shown.insights == [
        "Excellent performance! You're consistently scoring above 80%",
        "High engagement today! Keep up the great momentum",
    ]
    assert shown.insights == [detail.text for detail in shown.insight_details]


def test_the_alert_of_the_specification() -> None:
    bench = Bench().send(graded(at(1), 90, "a1"), graded(at(2), 82, "a2"), graded(at(3), 70, "a3"))
    alert = next(t for t in bench.published if t.category == "declining_trend")
    assert isinstance(alert, Transition)
    assert (alert.type, alert.severity, alert.category) == (
        "performance",
        "medium",
        "declining_trend",
    )
    assert alert.title_code is not None
    assert alert.message_code is not None
    assert text(alert.title_code, alert.params) == "Declining Performance Trend"
    assert (
        text(alert.message_code, alert.params)
        == "Your last 3 assessment scores show a declining trend"
    )
    assert alert.suggested_actions
