"""Submissions and grades: what arrives about an assessment, and what follows from it."""

from domain import coursework, days
from domain.changes import DeadlinesChanged, Ending, GradesChanged, ScoresChanged, WorkChanged
from domain.courses import let_go, long_finished
from domain.coursework import (
    add_grade,
    add_submission,
    unseen_submission,
    work_on,
)
from domain.events import (
    AssessmentExcused,
    AssessmentGraded,
    AssessmentSubmitted,
    DeadlineExtended,
)
from domain.history import insert
from domain.ids import short_id
from domain.membership import was_open
from domain.rules.step import Step
from domain.scores import PERCENT_MAX, Scored, all_scores, open_scores, percent_of, score_of
from domain.state import (
    ASSESSMENTS_MAX,
    BANKED,
    EXCUSES_MAX,
    MISSING,
    OVERRIDE,
    UNTIMED,
    WITHDRAWN,
    Course,
    Excuse,
    Grade,
    Learner,
    RunningError,
    ScorePrediction,
    Submission,
    Work,
)


def submitted(state: Learner, course: Course, event: AssessmentSubmitted, step: Step) -> None:
    """Take a submission."""
    work = work_on(state, course, event.assessment_id)
    before = coursework.submitted(course, work)
    add_submission(state, work, Submission(step.at, step.day, timed=step.timed))
    _count_submitted(state, _named(course, event.assessment_id), step.day)
    _count_stand_in(state, course, work)
    if coursework.submitted(course, work) != before:
        step.changes.append(WorkChanged(course))


def graded(state: Learner, course: Course, event: AssessmentGraded, zone: str, step: Step) -> None:
    """Take a grade: a null score withdraws one, a maximum of 0 says only that it was submitted."""
    work = work_on(state, course, event.assessment_id)
    facts = step.facts.get(course.course_id)
    score, before = score_of(course, work, facts), coursework.submitted(course, work)
    add_grade(state, work, _grade(state, course, work, event, zone, step))
    _count_stand_in(state, course, work)
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
    scores = open_scores(state, step.facts)
    step.changes.append(ScoresChanged(scores, ending))
    _score_again(state, scores, step)


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
    state.error_gone = _errors(scores, state, step, among=names)
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
        expected=step.scorer.expected(course.course_id, work.short),
        passed=event.passed,
        flags=_flags(event, step),
        submitted_at=submitted_at,
        submitted_day=days.local_day(submitted_at, zone) if submitted_at else 0,
    )


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
    """Note that grades changed, and predict the next score where the counted one is another now."""
    step.changes.append(GradesChanged(course, work))
    score = score_of(course, work, step.facts.get(course.course_id))
    if score != before or not course.is_open:  # what was shown before it closed is judged too
        scores = open_scores(state, step.facts)
        step.changes.append(ScoresChanged(scores))
        in_time = step.at == state.last_event_at
        newest = score is not None and score.at == step.at and scores[-1:] == [score]
        if in_time and newest and before is None:
            _judge_prediction(state, scores[-1])
            _predict(state, scores, step)
        else:
            _score_again(state, scores, step)


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


# -- predictions ---------------------------------------------------------------------------------


def _predict(state: Learner, scores: list[Scored], step: Step) -> None:
    """Predict the next score from the counted ones of open courses."""
    made_at = scores[-1].at if scores else step.at
    state.prediction = step.scorer.next_score([score.percent for score in scores], made_at)


def _judge_prediction(state: Learner, score: Scored) -> None:
    """Judge what was shown before the score was known (delayed prequential evaluation)."""
    _judge(state.error, state.prediction, score)


def _score_again(state: Learner, scores: list[Scored], step: Step) -> None:
    """Predict anew, and recount the errors as they were, had every score come in time."""
    _predict(state, scores, step)
    everything = all_scores(state, step.facts)
    among = {course.course_id for course in state.courses}
    state.error = _errors(everything, state, step, among=among)


def _errors(scores: list[Scored], state: Learner, step: Step, *, among: set[str]) -> RunningError:
    """The error over the scores of these courses, each against what was known before it."""
    gone = state.error_gone
    error = RunningError(gone.count, gone.absolute_sum, gone.covered, gone.naive_absolute_sum)
    courses = {course.course_id: course for course in state.courses}
    for index, score in enumerate(scores):
        if score.course_id in among and was_open(courses[score.course_id], score.at):
            known = [
                before.percent
                for before in scores[:index]
                if was_open(courses[before.course_id], score.at)
            ]
            _judge(error, step.scorer.next_score(known, score.at), score)
    return error


def _judge(error: RunningError, shown: ScorePrediction | None, score: Scored) -> None:
    if shown is None:
        return
    percent = min(score.percent, PERCENT_MAX)
    error.count += 1
    error.absolute_sum = round(error.absolute_sum + abs(shown.value - percent), 6)
    error.naive_absolute_sum = round(error.naive_absolute_sum + abs(shown.naive - percent), 6)
    error.covered += shown.low <= percent <= shown.high
