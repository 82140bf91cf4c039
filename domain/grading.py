"""Grades: releasing, changing and withdrawing them, and what follows from each."""

from domain import days
from domain.courses import unit_done, work_on
from domain.events import AssessmentGraded
from domain.ids import short_id
from domain.levels import keep_level
from domain.progress import is_submitted
from domain.rules import declining_trend, low_score, missed_deadline, progress_milestone, timers
from domain.rules.low_score import Graded
from domain.rules.step import Step
from domain.scores import PERCENT_MAX, counting_grade, open_scores, percent_of
from domain.state import ASSESSMENTS_MAX, ATTEMPTS_MAX, Course, Grade, Learner, Work


def count_submission(state: Learner, course_id: str, assessment_id: str, day: int) -> None:
    """Count an assessment as submitted on a local day, once."""
    bucket = days.bucket(state, day)
    short = short_id(f"{course_id}\x1f{assessment_id}")
    if bucket is None or short in bucket.submitted:
        return
    if len(bucket.submitted) < ASSESSMENTS_MAX:
        bucket.submitted.append(short)
    else:
        state.overflow.assessments += 1


def graded(state: Learner, course: Course, event: AssessmentGraded, zone: str, step: Step) -> None:
    """Take a grade: a null score withdraws one, a maximum of 0 is not counted."""
    work = work_on(state, course, event.assessment_id)
    work.banked = event.banked
    if event.score is None:
        _withdraw(state, course, work, event, step)
        return
    first = not is_submitted(work)
    if event.max_score:
        grade = _grade(course, work, event, step)
        known = {each.attempt for each in work.grades}
        if _release(state, work, grade) and not event.banked:
            if not known:
                _score_prediction(state, grade)
            _follow(
                state,
                Graded(
                    course,
                    work,
                    event.assessment_id,
                    grade,
                    first=not known,
                    regrade=grade.attempt in known,
                ),
                step,
            )
    if first and not event.banked:
        _submission_was_never_seen(state, course, event, zone, step)
    keep_level(state, step.facts)
    timers.set_wake(state, step)


def _grade(course: Course, work: Work, event: AssessmentGraded, step: Step) -> Grade:
    assert event.score is not None
    return Grade(
        attempt=event.attempt or 0,
        percent=percent_of(event.score, event.max_score),
        at=step.at,
        expected=step.scorer.expected(course.course_id, work.short),
        passed=event.passed,
    )


def _release(state: Learner, work: Work, grade: Grade) -> bool:
    """Put the grade of one attempt in its place; False where a newer one of it stands already."""
    for index, known in enumerate(work.grades):
        if known.attempt == grade.attempt:
            if known.at > grade.at:
                return False
            work.grades[index] = grade
            return True
    work.grades.append(grade)
    if len(work.grades) > ATTEMPTS_MAX:
        best = max(work.grades, key=lambda known: (known.percent, known.at))
        oldest = min(
            (known for known in work.grades if known is not best),
            key=lambda known: (known.attempt, known.at),
        )
        work.grades.remove(oldest)
        state.overflow.attempts += 1
    return True


def _withdraw(
    state: Learner, course: Course, work: Work, event: AssessmentGraded, step: Step
) -> None:
    if work.grades:
        latest = max(work.grades, key=lambda known: (known.attempt, known.at))
        attempt = latest.attempt if event.attempt is None else event.attempt
        work.submitted_first = work.submitted_first or latest.at
        work.grades = [known for known in work.grades if known.attempt != attempt]
        work.low_score_raised = False
    low_score.on_withdrawal(state, course.course_id, event.assessment_id, step)
    keep_level(state, step.facts)
    _predict(state, step)


def _follow(state: Learner, grade: Graded, step: Step) -> None:
    """What a counted grade sets off: the rules, and the next prediction."""
    facts = step.facts.get(grade.course.course_id)
    fact = facts.assessment_by_short.get(grade.work.short) if facts else None
    rule = "latest" if facts is None else facts.attempt_rule
    counts = counting_grade(grade.work, rule) is grade.grade
    if counts and (fact is None or fact.weight):
        low_score.on_grade(state, grade, step)
        scores = open_scores(state, step.facts)
        if scores and scores[-1].short == grade.work.short:
            declining_trend.on_grade(state, scores, step)
        progress_milestone.on_grade(state, grade, step)
    _predict(state, step)


def _submission_was_never_seen(
    state: Learner, course: Course, event: AssessmentGraded, zone: str, step: Step
) -> None:
    """A grade without its submission counts as one, at `submitted_at` or else its own time."""
    submitted = event.submitted_at
    at = step.at if submitted is None else int(submitted.timestamp() // 1)
    day = days.local_day(at, zone)
    count_submission(state, course.course_id, event.assessment_id, day)
    unit_done(course, at, day)
    missed_deadline.on_submission(state, course, event.assessment_id, step)
    progress_milestone.on_unit(state, course, step)
    if submitted is not None:
        work = work_on(state, course, event.assessment_id)
        work.submitted_first = work.submitted_last = at


def _score_prediction(state: Learner, grade: Grade) -> None:
    """Judge what was shown, once an assessment: the prediction made before the score was known."""
    shown = state.prediction
    if shown is None:
        return
    percent = min(grade.percent, PERCENT_MAX)
    error = state.error
    error.count += 1
    error.absolute_sum = round(error.absolute_sum + abs(shown.value - percent), 6)
    error.naive_absolute_sum = round(error.naive_absolute_sum + abs(shown.naive - percent), 6)
    error.covered += shown.low <= percent <= shown.high


def _predict(state: Learner, step: Step) -> None:
    """Predict the next score from the counted ones of open courses."""
    percents = [score.percent for score in open_scores(state, step.facts)]
    state.prediction = step.scorer.next_score(percents, step.at)
