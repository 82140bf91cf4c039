"""On what, at what hours and how long before the due time a learner works."""

from statistics import median
from typing import Final

from domain.exact import exceeds, rounded
from domain.keepers.days import local_day, weekday
from domain.keepers.patterns import WEIGHT
from domain.state.learner import Day
from metrics.assessments import Due, dues
from metrics.figures import Status, minutes, needs, prob
from metrics.shapes_trends import (
    ContentPreference,
    PatternAnalysis,
    PeakHours,
    ProductivityPeaks,
    SubmissionHabits,
)
from metrics.view import View
from metrics.windows import window

ACTIVE_DAYS_MIN: Final = 3
PEAK_EVENTS_MIN: Final = 30
STANDS_OUT: Final = 1.5  # times what even hours or weekdays would hold
STANDS_OUT_DEVIATIONS: Final = 2.0  # and this many Poisson deviations over it
_HOURS: Final = 24
_DAY: Final = 86_400


def pattern_analysis(view: View, period: int) -> PatternAnalysis:
    """The section `pattern_analysis`."""
    first = view.today - period + 1
    status = needs(("active_days", window(view, first, view.today).active_days, ACTIVE_DAYS_MIN))
    return PatternAnalysis(
        status=status.status,
        missing=status.missing,
        learning_preferences=learning_preferences(view),
        productivity_peaks=productivity_peaks(view, first),
        submission_habits=submission_habits(view, first),
    )


def learning_preferences(view: View) -> list[ContentPreference]:
    """Kinds of content by how much they are used, decayed over 90 days, the most used first."""
    kinds = sorted(view.state.kinds, key=lambda kind: (-round(kind.activities / WEIGHT), kind.kind))
    total = sum(kind.activities for kind in kinds)
    return [
        ContentPreference(
            content_kind=kind.kind,
            activities=round(kind.activities / WEIGHT),
            minutes=minutes(kind.seconds) if view.ever_timed else None,
            share=prob(kind.activities / total),
        )
        for kind in kinds
        if kind.activities
    ]


def productivity_peaks(view: View, first: int) -> ProductivityPeaks:
    """Hours and weekdays that stand out from evenly spread work, on three days or more."""
    histogram = view.state.hours or [0] * _HOURS
    days = [day for day in view.state.days if first <= day.day <= view.today]
    status = _peaks_status(view, sum(1 for day in days if day.timed))
    worked = [day for day in days if day.activities]
    return ProductivityPeaks(
        status=status.status,
        missing=status.missing,
        based_on="activity",
        hours=_peak_hours(histogram) if status.status == "ok" else [],
        weekdays=_peak_weekdays(worked),
        hour_histogram=[round(count / WEIGHT) for count in histogram],
    )


def submission_habits(view: View, first: int) -> SubmissionHabits:
    """Of what was submitted from the day `first` on: early, on the last day, or late.

    The last day is the 24 hours before the due time, or the due date where no time is known.
    """
    found = [due for due in dues(view) if _submitted_since(view, due, first)]
    status = needs(("examples", len(found), 1))
    late = sum(1 for due in found if not due.in_time(view.zone))
    early = sum(1 for due in found if _is_early(due, view.zone))
    hours = [
        (due.due_at - due.submitted_at) / 3600
        for due in found
        if due.submitted_at is not None and due.timed
    ]
    return SubmissionHabits(
        status=status.status,
        missing=status.missing,
        early=early,
        last_day=len(found) - early - late,
        late=late,
        median_hours_before_due=rounded(median(hours), 1) if hours else None,
    )


def _peaks_status(view: View, timed_days: int) -> Status:
    if view.first_day is not None and not view.ever_timed:
        return needs(("time_of_day", 0, 1))
    return needs(("active_days", timed_days, ACTIVE_DAYS_MIN))


def _peak_hours(histogram: list[int]) -> list[PeakHours]:
    """Runs of hours whose smoothed count stands out; the strongest first, at most three."""
    total = sum(histogram)
    if total < PEAK_EVENTS_MIN * WEIGHT:
        return []
    smooth = [
        (histogram[hour - 1] + 2 * histogram[hour] + histogram[(hour + 1) % _HOURS]) / 4
        for hour in range(_HOURS)
    ]
    even = total / _HOURS
    deviation = (even / WEIGHT) ** 0.5 * WEIGHT
    bar = max(STANDS_OUT * even, even + STANDS_OUT_DEVIATIONS * deviation)
    over = [exceeds(count, bar) for count in smooth]
    starts = [hour for hour in range(_HOURS) if over[hour] and not over[hour - 1]]
    peaks = []
    for start in starts:
        length = next(n for n in range(1, _HOURS + 1) if not over[(start + n) % _HOURS])
        held = sum(histogram[(start + n) % _HOURS] for n in range(length))
        peaks.append(
            PeakHours(from_hour=start, to_hour=(start + length) % _HOURS, share=prob(held / total))
        )
    return sorted(peaks, key=lambda peak: -peak.share)[:3]


def _peak_weekdays(worked: list[Day]) -> list[int]:
    counts, dates = [0] * 7, [0] * 7
    for day in worked:
        counts[weekday(day.day) - 1] += day.activities
        dates[weekday(day.day) - 1] += 1
    even = sum(counts) / 7
    bar = max(STANDS_OUT * even, even + STANDS_OUT_DEVIATIONS * even**0.5)
    return [
        index + 1
        for index in range(7)
        if exceeds(counts[index], bar) and dates[index] >= ACTIVE_DAYS_MIN
    ]


def _submitted_since(view: View, due: Due, first: int) -> bool:
    submission = due.submission
    return submission is not None and first <= submission.day <= view.today


def _is_early(due: Due, zone: str) -> bool:
    submission = due.submission
    assert submission is not None, "only what was submitted is asked about"
    if due.timed:
        return submission.at < due.due_at - _DAY
    return submission.day < local_day(due.due_at, zone)
