"""The segment: the worst of the labels of the last three days, and why."""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from domain.alerts import Param
from domain.course_facts import DAY
from domain.exact import reaches, rounded
from domain.keepers.days import day_and_month, day_start, worked
from domain.keepers.score_trend import fit_level
from metrics.assessments import Heavy, heavy_work
from metrics.engagement import cohort_courses, compared_level, engagement
from metrics.figures import sentence
from metrics.passing import is_passed
from metrics.pressing import name_of_heavy
from metrics.shapes import Text
from metrics.shapes_trends import Segment
from metrics.view import View, once

LABEL_DAYS: Final = 3
"""A better label takes so many days, a worse one comes at once."""
INACTIVE_DAYS: Final = 28
DISENGAGING_DAYS: Final = 14  # and inactive, where heavy work is overdue
DISENGAGING_SOON: Final = 7  # where heavy work is overdue, or due within so many days
DUE_SOON_SECONDS: Final = 7 * DAY
GRACE_SECONDS: Final = 2 * DAY
FAR_BELOW: Final = -10.0  # points against what assessments expect
STAY_DAYS: Final = 28
"""How far back the day is looked for on which the 85th percentile was reached."""

_Label: TypeAlias = tuple[Segment, Text]
_ORDER: Final[tuple[Segment, ...]] = (
    "inactive",
    "disengaging",
    "struggling",
    "typical",
    "highly_engaged",
)


class _Moment(NamedTuple):
    """The end of a local day, or now; `silent` are the days without work up to it."""

    day: int
    at: int
    silent: int
    heavy: Sequence[Heavy]

    @property
    def overdue(self) -> Heavy | None:
        """The newest heavy work that is overdue."""
        return next((each for each in reversed(self.heavy) if each.is_overdue(self.at)), None)

    def due_within(self, seconds: int) -> Heavy | None:
        """The first heavy work that is open and due in so many seconds."""
        until = self.at + seconds
        return next(
            (h for h in self.heavy if self.at < h.due_at <= until and h.is_open(self.at)), None
        )


@once
def segment(view: View) -> tuple[Segment | None, Text | None]:
    """Where the learner stands, and why; None before any work and without an open course.

    In this order: inactive, disengaging, struggling, highly engaged, else typical; the last two
    only where the course has percentiles.
    """
    if engagement(view).level is None:
        return None, None
    found = [
        label
        for day in range(view.today, view.today - LABEL_DAYS, -1)
        if (label := _label(view, day)) is not None
    ]
    if not found:
        return None, None
    return min(found, key=lambda label: _ORDER.index(label[0]))


def _label(view: View, day: int) -> _Label | None:
    last_work = _last_work(view, day)
    if last_work is None:
        return None
    at = view.now if day == view.today else day_start(day + 1, view.zone) - 1
    moment = _Moment(day, at, day - last_work, heavy_work(view))
    return _silent(view, moment) or _struggling(view, moment) or _by_cohort(view, moment)


def _last_work(view: View, day: int) -> int | None:
    """The newest local day with work up to `day`."""
    for known in reversed(view.state.days):
        if known.day <= day and worked(known):
            return known.day
    return view.state.streak.gone_day or None


def _silent(view: View, moment: _Moment) -> _Label | None:
    """Inactive or disengaging, by days without work and heavy work that is open."""
    silent, overdue = moment.silent, moment.overdue
    if silent < DISENGAGING_SOON:
        return None
    if silent >= DISENGAGING_DAYS and overdue is not None:
        return "inactive", _reason(view, moment, "segment.inactive_overdue", overdue)
    if silent >= INACTIVE_DAYS:
        return "inactive", _reason(view, moment, "segment.inactive", None)
    open_soon = overdue or moment.due_within(DUE_SOON_SECONDS)
    if open_soon is not None:
        return "disengaging", _reason(view, moment, "segment.disengaging_deadline", open_soon)
    if silent >= DISENGAGING_DAYS:
        return "disengaging", _reason(view, moment, "segment.disengaging", None)
    return None


def _struggling(view: View, moment: _Moment) -> _Label | None:
    """Working, but the last score is no pass, the level is low, or heavy work is 48 hours late."""
    date: dict[str, Param] = {"date": day_and_month(moment.day)}
    scores = [score for score in view.scores if score.at <= moment.at]
    if scores and not is_passed(view, scores[-1]):
        params = date | {"score": rounded(scores[-1].percent, 1)}
        return "struggling", sentence("segment.struggling_score", params)
    level = _level_after(view, len(scores))
    if level is not None and reaches(FAR_BELOW, level):
        params = date | {"points": rounded(-level, 1)}
        return "struggling", sentence("segment.struggling_level", params)
    late = [each for each in moment.heavy if each.is_overdue(moment.at, GRACE_SECONDS)]
    if late:
        params = date | {"assessment": name_of_heavy(view, late[-1])}
        return "struggling", sentence("segment.struggling_overdue", params)
    return None


@once
def _level_after(view: View, count: int) -> float | None:
    """The level after so many of the learner's scores, in points."""
    found = fit_level(view.scores[:count])
    return None if found is None else found.now


class _Bars(NamedTuple):
    """The percentiles of one course: the level that enters, and the one that stays."""

    course_id: str
    enter: float
    stay: float


def _by_cohort(view: View, moment: _Moment) -> _Label | None:
    """Highly engaged or typical; None where no course has percentiles."""
    bars = [
        _Bars(each.course_id, each.engagement_p85, each.engagement_p70)
        for each in cohort_courses(view)
        if each.engagement_p85 is not None and each.engagement_p70 is not None
    ]
    if not bars:
        return None
    lowest = min(compared_level(view, bar.course_id, moment.day) for bar in bars)
    params: dict[str, Param] = {"level": rounded(lowest, 1)}
    if moment.overdue is None and _is_high(view, bars, moment.day):
        return "highly_engaged", sentence("segment.highly_engaged", params)
    return "typical", sentence("segment.typical", params)


def _is_high(view: View, bars: Sequence[_Bars], day: int) -> bool:
    """At the 85th percentiles, or not under the 70th since it was."""
    for on in range(day, day - STAY_DAYS, -1):
        levels = [(compared_level(view, bar.course_id, on), bar) for bar in bars]
        if all(reaches(level, bar.enter) for level, bar in levels):
            return True
        if not all(reaches(level, bar.stay) for level, bar in levels):
            return False
    return False


def _reason(view: View, moment: _Moment, code: str, heavy: Heavy | None) -> Text:
    params: dict[str, Param] = {"days": moment.silent, "date": day_and_month(moment.day)}
    if heavy is not None:
        params["assessment"] = name_of_heavy(view, heavy)
    return sentence(code, params)
