"""Submissions and grades: what arrives about an assessment, and what follows from it."""

from domain.changes import DeadlinesChanged, Ending, GradesChanged, ScoresChanged, WorkChanged
from domain.events.activity import (
    AssessmentExcused,
    AssessmentGraded,
    AssessmentSubmitted,
    DeadlineExtended,
)
from domain.ids import short_id
from domain.keepers import coursework, days
from domain.keepers.courses import let_go, long_finished
from domain.keepers.coursework import (
    add_grade,
    add_submission,
    unseen_submission,
    work_on,
)
from domain.keepers.scores import Scored, all_scores, open_scores, percent_of, score_of
from domain.predicting.assessing import (
    judge_forecasts,
    score_ahead,
    submission_ahead,
    was_scored,
    was_submitted,
)
from domain.state.course import (
    BANKED,
    MISSING,
    OVERRIDE,
    UNTIMED,
    WITHDRAWN,
    Course,
    Excuse,
    Grade,
    Submission,
    Work,
)
from domain.state.history import insert
from domain.state.learner import Learner
from domain.state.limits import (
    ASSESSMENTS_MAX,
    EXCUSES_MAX,
)
from domain.step import Step


def submitted(state: Learner, course: Course, event: AssessmentSubmitted, step: Step) -> None:
    """Take a submission."""
    work = work_on(state, course, event.assessment_id)
    before = coursework.submitted(course, work)
    ahead = submission_ahead(state, course, work, step) if before is None else None
    add_submission(state, work, Submission(step.at, step.day, timed=step.timed))
    _count_submitted(state, _named(course, event.assessment_id), step.day)
    _count_stand_in(state, course, work)
    was_submitted(state, course, work, ahead, step)
    if coursework.submitted(course, work) != before:
        step.changes.append(WorkChanged(course))


def graded(state: Learner, course: Course, event: AssessmentGraded, zone: str, step: Step) -> None:
    """Take a grade: a null score withdraws one, a maximum of 0 says only that it was submitted."""
    work = work_on(state, course, event.assessment_id)
    facts = step.facts.get(course.course_id)
    score, before = score_of(course, work, facts), coursework.submitted(course, work)
    first = score is None and event.score is not None and not event.missing
    ahead = score_ahead(state, course, work, step) if first else None
    add_grade(state, work, _grade(state, course, work, event, zone, step))
    _count_stand_in(state, course, work)
    was_scored(state, course, ahead, score_of(course, work, facts), step)
    if first:
        judge_forecasts(state, course, score_of(course, work, facts), step)
    _follow_scores(state, course, work, score, step)
    if coursework.submitted(course, work) != before:
        step.changes.append(WorkChanged(course))


def excused(state: Learner, course: Course, event: AssessmentExcused, step: Step) -> None:
    """The assessment is not asked of this learner, or is again."""
    work = work_on(state, course, event.assessment_id)
    score = score_of(course, work, step.facts.get(course.course_id))
    insert(work.excuses, Excuse(step.at, event.excused))
    if len(work.excuses) > EXCUSES_MAX:
        del work.excuses[0]
        state.overflow.excuses += 1
    _follow_scores(state, course, work, score, step)
    step.changes.append(WorkChanged(course))


def extended(state: Learner, course: Course, event: DeadlineExtended, step: Step) -> None:
    """The learner's own due time of an assessment, or none of its own any more."""
    work = work_on(state, course, event.assessment_id)
    if step.at >= work.extended_at:
        due_at = event.due_at
        work.extended_at = step.at
        work.due_at = None if due_at is None else int(due_at.timestamp())
        step.changes.append(DeadlinesChanged(course))


def judge_again(state: Learner, step: Step, ending: Ending | None = None) -> None:
    """Look at all scores again, after facts changed, or a course; `ending` where it is over."""
    step.changes.append(ScoresChanged(open_scores(state, step.facts), ending))


def retire(state: Learner, now: int, step: Step) -> None:
    """Let go of courses that finished long ago; what their scores came to stays."""
    going = long_finished(state, now)
    if not going:
        return
    names = {course.course_id for course in going}
    scores = all_scores(state, step.facts)
    gone = [score for score in scores if score.course_id in names]
    for score in gone:
        state.best_gone = max(score.percent, state.best_gone or score.percent)
    state.scores_gone += len(gone)
    for course in going:
        let_go(state, course)


def _grade(
    state: Learner, course: Course, work: Work, event: AssessmentGraded, zone: str, step: Step
) -> Grade:
    sent_at = event.submitted_at
    submitted_at = 0 if sent_at is None else int(sent_at.timestamp())
    percent = None
    if event.score is not None and event.max_score:
        percent = percent_of(event.score, event.max_score)
    state.grades_seen += 1
    return Grade(
        at=step.at,
        day=step.day,
        order=state.grades_seen,
        attempt=OVERRIDE if event.attempt is None else event.attempt,
        percent=percent,
        expected=_expected(course, work, step),
        passed=event.passed,
        flags=_flags(event, step),
        submitted_at=submitted_at,
        submitted_day=days.local_day(submitted_at, zone) if submitted_at else 0,
    )


def _expected(course: Course, work: Work, step: Step) -> float | None:
    """What the adopted models expect of the assessment's score, percent."""
    facts = step.facts.get(course.course_id)
    slot = None if facts is None else facts.slots.get(work.short)
    return None if slot is None else step.scorer.expected_score(slot)


def _flags(event: AssessmentGraded, step: Step) -> int:
    return (
        (BANKED if event.banked else 0)
        | (MISSING if event.missing else 0)
        | (WITHDRAWN if event.score is None else 0)
        | (0 if step.timed else UNTIMED)
    )


def _follow_scores(
    state: Learner, course: Course, work: Work, before: Scored | None, step: Step
) -> None:
    """Note that grades changed, and the scores where the counted one is another now."""
    step.changes.append(GradesChanged(course, work))
    score = score_of(course, work, step.facts.get(course.course_id))
    if score != before:
        step.changes.append(ScoresChanged(open_scores(state, step.facts)))


# -- days ----------------------------------------------------------------------------------------


def _named(course: Course, assessment_id: str) -> int:
    return short_id(f"{course.course_id}\x1f{assessment_id}")


def _count_submitted(state: Learner, short: int, day: int) -> None:
    """Count an assessment as submitted on a local day, once."""
    bucket = days.bucket(state, day)
    if bucket is None or short in bucket.submitted:
        return
    if len(bucket.submitted) < ASSESSMENTS_MAX:
        bucket.submitted.append(short)
    else:
        state.overflow.assessments += 1


def _count_stand_in(state: Learner, course: Course, work: Work) -> None:
    """A grade whose submission was never seen counts as one, on the day that it shows."""
    unseen = unseen_submission(work)
    day = 0 if unseen is None else unseen.day
    if day == work.stand_in_day:
        return
    short = _named(course, work.name)
    bucket = days.find(state, work.stand_in_day)
    seen_days = {each.day for each in work.submissions}
    if bucket is not None and short in bucket.submitted and bucket.day not in seen_days:
        bucket.submitted.remove(short)
    if day:
        _count_submitted(state, short, day)
    work.stand_in_day = day
