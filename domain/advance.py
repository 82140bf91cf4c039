"""One event into one learner's state: dispatch by type, to the piece that keeps each part."""

from typing import assert_never

from domain import days, grading, patterns, sessions
from domain.alerts import Resolution, forget_expired, resolve_alert
from domain.courses import enrol, finish, leave, seen_in, unit_done, work_on
from domain.decode import Accepted
from domain.duplicates import remember
from domain.events import (
    AnyEvent,
    AssessmentGraded,
    AssessmentSubmitted,
    ContentViewed,
    CourseFinished,
    DiscussionPosted,
    Enrolled,
    GoalRemoved,
    GoalSet,
    ModuleCompleted,
    ModuleReopened,
    QuestionAnswered,
    SessionEnded,
    SessionStarted,
    Unenrolled,
    is_work,
)
from domain.ids import short_id
from domain.levels import keep_level
from domain.progress import is_submitted
from domain.recent import note
from domain.rules import (
    RULES,
    missed_deadline,
    progress_milestone,
    streak_milestone,
    timers,
)
from domain.rules.step import Step
from domain.state import (
    GOALS_MAX,
    HOUR_CONTENTS_MAX,
    MODULES_MAX,
    SKILLS_MAX,
    Day,
    Goal,
    Learner,
    Skill,
)

_HOUR = 3600


def advance(state: Learner, accepted: Accepted, step: Step) -> None:
    """Fold one event into `state`, in place; what is to be told is appended to `step.told`."""
    event, at = accepted.event, accepted.at
    remember(state, accepted.hashed, at)
    forget_expired(state, at)
    if not state.first_event_at or at < state.first_event_at:
        state.first_event_at = at
    state.last_event_at = max(state.last_event_at, at)
    zone = _zone(state, event, step)
    note(state, event, at)
    if is_work(event):
        _count_work(state, event, zone, step)
    courses = state.course_ids
    _dispatch(state, event, zone, step)
    if state.course_ids is not courses:  # another course, whoever added it, has other deadlines
        timers.set_wake(state, step)


def _zone(state: Learner, event: AnyEvent, step: Step) -> str:
    """The zone that fixes the event's local date; the newest event that carries one sets it."""
    if event.timezone is None:
        return state.zone or step.configuration.timezone
    if step.at >= state.zone_at:
        state.zone, state.zone_at = event.timezone, step.at
    return event.timezone


def _count_work(state: Learner, event: AnyEvent, zone: str, step: Step) -> None:
    at, timed = step.at, event.precision == "instant"
    state.last_work_at = max(state.last_work_at, at)
    seconds = 0.0
    counted = True
    if isinstance(event, ContentViewed):
        seconds = event.duration_seconds or 0.0
        counted = _first_in_hour(state, event.content_id, at)
    day = days.local_day(at, zone)
    patterns.decay(state, day)
    bucket = days.bucket(state, day)
    if bucket is None:
        state.overflow.late_days += 1
    else:
        _count_day(state, bucket, event, step, counted=counted)
    if timed:
        sessions.observe(state, at, seconds, zone, event.session_id, work=counted)
        if counted:
            patterns.count_hour(state, days.local_hour(at, zone))
    if counted and isinstance(event, ContentViewed):
        patterns.count_kind(state, event.content_kind, int(min(seconds, 7200)) if timed else 0)


def _count_day(state: Learner, bucket: Day, event: AnyEvent, step: Step, *, counted: bool) -> None:
    if isinstance(event, ContentViewed):
        bucket.clicks += 1 if event.count is None else event.count
    elif isinstance(event, DiscussionPosted):
        bucket.posts += 1
    if not counted:
        return
    bucket.activities += 1
    bucket.timed += event.precision == "instant"
    longest = state.streak.longest
    if days.note_work(state, bucket, step.at):
        streak_milestone.on_streak(state, longest, step)


def _first_in_hour(state: Learner, content_id: str, at: int) -> bool:
    """Whether this is the first view of a content in its hour; late hours cannot be looked up."""
    hour = at // _HOUR
    if hour < state.hour:
        return True
    if hour > state.hour:
        state.hour = hour
        state.hour_contents.clear()
    short = short_id(content_id)
    if short in state.hour_contents:
        return False
    if len(state.hour_contents) >= HOUR_CONTENTS_MAX:
        state.overflow.hour_contents += 1
    else:
        state.hour_contents.append(short)
    return True


def _dispatch(state: Learner, event: AnyEvent, zone: str, step: Step) -> None:  # noqa: C901 - flat
    match event:
        case ContentViewed() | DiscussionPosted():
            seen_in(state, event.course_id, step.at)
        case AssessmentSubmitted():
            _submitted(state, event, zone, step)
        case AssessmentGraded():
            course = seen_in(state, event.course_id, step.at)
            if course is not None:
                grading.graded(state, course, event, zone, step)
        case QuestionAnswered():
            seen_in(state, event.course_id, step.at)
            _answered(state, event)
        case ModuleCompleted() | ModuleReopened():
            _module(state, event, zone, step)
        case SessionStarted() | SessionEnded():
            _presence(state, event, zone, step.at)
        case GoalSet() | GoalRemoved():
            _goal(state, event, step.at)
        case Enrolled() | Unenrolled() | CourseFinished():
            _membership(state, event, step)
        case _:
            assert_never(event)


def _presence(state: Learner, event: SessionStarted | SessionEnded, zone: str, at: int) -> None:
    """An explicit start or end; one without a time of day says nothing of sessions."""
    if event.precision != "instant":
        return
    if isinstance(event, SessionStarted):
        sessions.started(state, at, zone, event.session_id)
    else:
        sessions.ended(state, at, zone)


def _membership(state: Learner, event: Enrolled | Unenrolled | CourseFinished, step: Step) -> None:
    course_id = event.course_id
    match event:
        case Enrolled():
            enrol(state, course_id, step.at)
        case Unenrolled():
            if leave(state, course_id, step.at):
                _close_alerts(state, course_id, step, "unenrolled")
        case CourseFinished():
            finish(state, course_id, event.outcome, step.at, step.facts.get(course_id))
            _close_alerts(state, course_id, step, "course_finished")
    timers.set_wake(state, step)


def _submitted(state: Learner, event: AssessmentSubmitted, zone: str, step: Step) -> None:
    course = seen_in(state, event.course_id, step.at)
    day = days.local_day(step.at, zone)
    grading.count_submission(state, event.course_id, event.assessment_id, day)
    if course is None:
        return
    work = work_on(state, course, event.assessment_id)
    if not is_submitted(work):
        unit_done(course, step.at, day)
    work.submitted_first = min(work.submitted_first or step.at, step.at)
    work.submitted_last = max(work.submitted_last, step.at)
    work.timed = event.precision == "instant"
    missed_deadline.on_submission(state, course, event.assessment_id, step)
    progress_milestone.on_unit(state, course, step)
    keep_level(state, step.facts)
    timers.set_wake(state, step)


def _module(state: Learner, event: ModuleCompleted | ModuleReopened, zone: str, step: Step) -> None:
    course = seen_in(state, event.course_id, step.at)
    day = days.local_day(step.at, zone)
    short = short_id(event.module_id)
    if course is None:
        return
    bucket = days.bucket(state, day)
    if isinstance(event, ModuleReopened):
        if short in course.modules:
            course.modules.remove(short)
            keep_level(state, step.facts)
            if bucket is not None:
                bucket.modules -= 1
        return
    if short in course.modules:
        return
    if len(course.modules) >= MODULES_MAX:
        state.overflow.modules += 1
        return
    course.modules.append(short)
    unit_done(course, step.at, day)
    if bucket is not None:
        bucket.modules += 1
    progress_milestone.on_unit(state, course, step)
    keep_level(state, step.facts)


def _answered(state: Learner, event: QuestionAnswered) -> None:
    for name in event.skills or ():
        skill = next((known for known in state.skills if known.skill == name), None)
        if skill is None:
            if len(state.skills) >= SKILLS_MAX:
                state.overflow.skills += 1
                continue
            skill = Skill(name)
            state.skills.append(skill)
        skill.answers += 1
        skill.correct += event.correct


def _goal(state: Learner, event: GoalSet | GoalRemoved, at: int) -> None:
    state.goals = [goal for goal in state.goals if goal.goal_id != event.goal_id]
    if isinstance(event, GoalRemoved):
        return
    due_at = None if event.due_at is None else int(event.due_at.timestamp() // 1)
    goal = Goal(event.goal_id, event.metric, event.course_id, event.target, at, due_at)
    state.goals.append(goal)
    if len(state.goals) > GOALS_MAX:
        del state.goals[0]
        state.overflow.goals += 1


def _close_alerts(
    state: Learner, course_id: str | None, step: Step, resolution: Resolution
) -> None:
    """What was open about a course is over with it; about all courses, with the last of them."""
    over = {course_id}
    if all(course.unenrolled_at for course in state.courses):
        over.add(None)
    for alert in [alert for alert in state.alerts if alert.course_id in over]:
        rule = RULES[alert.rule]
        step.told.append(resolve_alert(state, alert, rule, at=step.at, resolution=resolution))
