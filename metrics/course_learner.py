"""One learner in one course, for instructors: the same figures, of this course alone."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, TypeVar

from msgspec.structs import replace as changed

from domain.course_facts import CourseFacts
from domain.ids import short_id
from domain.keepers.coursework import find_work, is_excused, submitted
from domain.keepers.scores import score_of
from domain.state.course import Course
from domain.state.learner import Learner, new_learner
from domain.texts import text, third
from metrics.figures import maybe_instant, pct
from metrics.predictions import predictive_analytics
from metrics.progress_summary import progress_summary
from metrics.shapes import Text
from metrics.shapes_courses import CourseWork, LearnerForecast, LearnerProgress
from metrics.shapes_predictions import NextMissing, NotPassing, RiskFactor
from metrics.view import View

DAYS_SHOWN: Final = 28
_HORIZON: Final = 30

Said = TypeVar("Said", NotPassing, NextMissing)


def only(state: Learner, course: Course) -> Learner:
    """The state with nothing in it that is about another course; days are of all courses."""
    return changed(
        state,
        courses=[course],
        course_ids=[course.course_id],
        finished=[],
        goals=[],
        recent=[],
        predictions=[each for each in state.predictions if each.course_id == course.course_id],
        alerts=[each for each in state.alerts if each.course_id == course.course_id],
    )


def in_third_person(said: Text) -> Text:
    """The same for somebody whom it is not about."""
    code = third(said.code)
    return (
        said
        if code == said.code
        else Text(code=code, params=said.params, text=text(code, said.params))
    )


def learner_progress(view: View) -> LearnerProgress:
    """How far the learner of a view of one course is in it."""
    found = progress_summary(view).courses[0]
    return LearnerProgress(
        **{name: getattr(found, name) for name in LearnerProgress.__dataclass_fields__}
    )


def expected_progress(facts: CourseFacts | None, now: int, zone: str) -> float | None:
    """Percent that a course's schedule expects by now, of who has no terms of their own."""
    if facts is None:
        return None
    state = new_learner("")
    state.courses = [Course(facts.course_id, enrolled_at=1, first_at=1)]
    known = {facts.course_id: facts}
    view = View(state=state, facts=known, cohort=None, now=now, default_zone=zone)
    return progress_summary(view).courses[0].expected_progress


def daily_activities(view: View) -> list[int]:
    """Activities of the last 28 days, today last; of all courses."""
    days = range(view.today - DAYS_SHOWN + 1, view.today + 1)
    return [view.buckets[day].activities if day in view.buckets else 0 for day in days]


def course_work(view: View) -> list[CourseWork]:
    """Every assessment of the course, in order of its due time; those without one last."""
    (course,) = view.courses
    return sorted(_work(view, course), key=lambda each: (each.due_at or "~", each.assessment_id))


def _work(view: View, course: Course) -> Iterator[CourseWork]:
    facts = view.facts.get(course.course_id)
    known = {} if facts is None else facts.assessment_by_short
    heavy = {} if facts is None else facts.heavy_shares
    named = {work.short: work.name for work in course.work}
    names = named | {short: fact.id for short, fact in known.items()}
    for short, name in names.items():
        fact, work = known.get(short), find_work(course, short_id(name))
        first = submitted(course, work)
        score = None if work is None else score_of(course, work, facts)
        own_due = None if work is None else work.due_at
        due_at = own_due if own_due is not None or fact is None else fact.due_at
        yield CourseWork(
            assessment_id=name,
            title=None if fact is None else fact.title,
            kind=None if fact is None else fact.kind,
            due_at=maybe_instant(due_at),
            required=fact is None or fact.required,
            heavy=short in heavy,
            excused=is_excused(course, work),
            submitted_at=None if first is None else maybe_instant(first.at),
            score=None if score is None else pct(score.percent),
            expected=None if score is None else pct(score.expected),
        )


def learner_forecast(view: View) -> LearnerForecast:
    """What the models say of the course, in words that are not to the learner."""
    found = predictive_analytics(view, _HORIZON)
    (not_passing,) = found.predictions.not_passing
    return LearnerForecast(
        not_passing=_noted(not_passing),
        next_missing=[_noted(each) for each in found.predictions.next_missing],
        risk_factors=[_factor(each) for each in found.risk_factors if each.course_id is not None],
        risk_explanations=[each for each in found.risk_explanations if each.course_id is not None],
    )


def _noted(said: Said) -> Said:
    note = said.note
    return said if note is None else replace(said, note=in_third_person(note))


def _factor(said: RiskFactor) -> RiskFactor:
    code = third(said.code)
    return replace(said, code=code, text=text(code, said.params))
