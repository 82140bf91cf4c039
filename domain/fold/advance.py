"""One event into one learner's state: dispatch by type, to the piece that keeps each part."""

from typing import TypeAlias, assert_never

from domain.alerts.lifecycle import response
from domain.changes import (
    CourseAdded,
    DayBegan,
    DaysChanged,
    DeadlinesChanged,
    Ending,
    FactsChanged,
    MembershipChanged,
    ModulesChanged,
    SilenceEnded,
)
from domain.course_facts import DAY
from domain.events.activity import (
    AlertAcknowledged,
    AlertFeedback,
    AnyEvent,
    AssessmentExcused,
    AssessmentGraded,
    AssessmentSubmitted,
    ContentViewed,
    CourseFinished,
    DeadlineExtended,
    DiscussionPosted,
    Enrolled,
    GoalRemoved,
    GoalSet,
    HelpNoted,
    ModuleCompleted,
    ModuleReopened,
    PreferencesSet,
    QuestionAnswered,
    SessionEnded,
    SessionStarted,
    Unenrolled,
    is_work,
    kind_of,
)
from domain.events.decode import Accepted
from domain.fold import grading
from domain.fold.reacting import ends_silence, react
from domain.keepers import (
    days,
    goals,
    helping,
    membership,
    modules,
    patterns,
    preferences,
    sessions,
)
from domain.keepers.contents import first_in_hour
from domain.keepers.courses import entered, find_course, freeze, list_courses, seen_in
from domain.keepers.deduplication import content_of, remember
from domain.keepers.recent import note
from domain.keepers.sessions import DURATION_SECONDS_MAX, Mark, presence
from domain.predicting.awaiting import tell_outcome
from domain.state.course import Course
from domain.state.learner import (
    Day,
    Learner,
    Skill,
)
from domain.state.limits import (
    NEVER,
    SKILLS_MAX,
)
from domain.step import Step

AboutUnits: TypeAlias = (
    AssessmentSubmitted
    | AssessmentGraded
    | AssessmentExcused
    | DeadlineExtended
    | ModuleCompleted
    | ModuleReopened
)

Wanted: TypeAlias = GoalSet | GoalRemoved | PreferencesSet | AlertAcknowledged | AlertFeedback


def advance(state: Learner, accepted: Accepted, step: Step) -> None:
    """Fold one event into `state`, in place; what is published is appended to `step.published`."""
    event, at = accepted.event, accepted.at
    remember(state, accepted.hashed, content_of(event), at)
    before = state.last_event_at
    _note_time(state, event, at)
    if state.finished:
        grading.retire(state, step.now, step)
    zone = _zone(state, event, step)
    step.timed = event.given_precision != "day"
    step.day = days.local_day(at, zone) if step.timed else event.occurred_at.toordinal()
    note(state, event, at, timed=step.timed)
    if event.session_id is not None:
        sessions.note_session(state, event.session_id, at)
    splits, since = False, before
    if is_work(event):
        since = min(before, state.last_work_at)
        splits = at < step.now and days.silence_around(state, at, step.now) >= DAY
        _count_work(state, event, zone, step)
    comes_now = before == NEVER and at == step.now  # and was not silent before
    if splits or (since < at and not comes_now and ends_silence(state, step.now - since)):
        step.changes.append(SilenceEnded())
    _dispatch(state, event, zone, step)
    another_day = state.predicted_at // DAY != step.now // DAY
    if another_day and state.course_ids and (step.scorer.number or not state.predict_at):
        step.changes.append(DayBegan())
    if step.changes:
        react(state, step)


def review_all(state: Learner, step: Step) -> None:
    """Judge again all that course facts and thresholds decide, after they changed."""
    step.changes.append(FactsChanged())
    grading.judge_again(state, step)
    step.changes.append(DeadlinesChanged(None))
    react(state, step)


def _note_time(state: Learner, event: AnyEvent, at: int) -> None:
    """Take the event's time; what an instructor does is no sign of the learner."""
    if not state.first_event_at or at < state.first_event_at:
        state.first_event_at = at
    state.last_event_at = max(state.last_event_at, at)
    if not isinstance(event, HelpNoted):
        state.heard_at = max(state.heard_at, at)


def _zone(state: Learner, event: AnyEvent, step: Step) -> str:
    """The zone that fixes the event's local date: its own, else the one in force at its time."""
    if event.timezone is None:
        return days.zone_in_force(state, step.at, step.zone)
    days.note_zone(state, event.timezone, step.at)
    return event.timezone


# -- work ----------------------------------------------------------------------------------------


def _count_work(state: Learner, event: AnyEvent, zone: str, step: Step) -> None:
    at, day = step.at, step.day
    state.last_work_at = max(state.last_work_at, at)
    counted, seconds = True, 0.0
    if isinstance(event, ContentViewed):
        counted = first_in_hour(state, event.course_id, event.content_id, at, timed=step.timed)
        seconds = event.duration_seconds or 0.0
    if day > state.patterns_day:
        patterns.decay(state, day)
    bucket = days.bucket(state, day)
    if bucket is None:
        state.overflow.late_days += 1
    else:
        _count_day(state, bucket, event, step, counted=counted)
    if step.timed:
        sessions.observe(state, presence(at, seconds, work=counted), step.zone)
        if counted:
            patterns.count_hour(state, days.local_hour(at, zone), day)
    if isinstance(event, ContentViewed):
        _count_kind(state, event, step, counted=counted)


def _count_day(state: Learner, bucket: Day, event: AnyEvent, step: Step, *, counted: bool) -> None:
    if isinstance(event, ContentViewed):
        bucket.clicks += 1 if event.count is None else event.count
    elif isinstance(event, DiscussionPosted):
        bucket.posts += 1
    if counted:
        bucket.activities += 1
        bucket.timed += step.timed
    elif not bucket.activities:
        return
    change = days.note_work(state, bucket, step.at, added=counted and bucket.activities == 1)
    if change != "unchanged":
        step.changes.append(DaysChanged(joined=change == "joined"))


def _count_kind(state: Learner, event: ContentViewed, step: Step, *, counted: bool) -> None:
    """A kind's seconds are those of every view, its activities those that count."""
    seconds = 0
    if event.duration_seconds and step.timed:
        lasted = int(min(event.duration_seconds, DURATION_SECONDS_MAX))
        seconds = patterns.faded(state, lasted, step.day)
    if counted or seconds:
        weight = patterns.faded(state, patterns.WEIGHT, step.day) if counted else 0
        patterns.count_kind(state, kind_of(event), weight, seconds)


# -- by type -------------------------------------------------------------------------------------


def _dispatch(state: Learner, event: AnyEvent, zone: str, step: Step) -> None:
    match event:
        case ContentViewed() | DiscussionPosted():  # first, since it is most of the log
            _seen_in(state, event.course_id, step)
        case SessionStarted() | SessionEnded():
            _presence(state, event, step)
        case Enrolled() | Unenrolled() | CourseFinished():
            _membership(state, event, step)
        case QuestionAnswered():
            _seen_in(state, event.course_id, step)
            _answered(state, event)
        case HelpNoted():
            helped = _seen_in(state, event.course_id, step)
            if helped is not None:
                helping.take(helped, event, step.at)
        case GoalSet() | GoalRemoved() | PreferencesSet() | AlertAcknowledged() | AlertFeedback():
            _wanted(state, event, step)
        case _:
            _about_units(state, event, zone, step)


def _seen_in(state: Learner, course_id: str, step: Step) -> Course | None:
    """The course of an event, as `courses.seen_in`; one that began earlier has other deadlines."""
    course, at = find_course(state, course_id), step.at
    if course is not None and 0 < course.first_at <= at:
        course.last_at = max(course.last_at, at)
        return course
    known_since = NEVER if course is None else course.entered_at
    seen = seen_in(state, course_id, at)
    if seen is not None and seen.entered_at != known_since:
        step.changes.append(CourseAdded(seen) if course is None else DeadlinesChanged(seen))
        react(state, step)
    return seen


def _about_units(state: Learner, event: AboutUnits, zone: str, step: Step) -> None:
    course = _seen_in(state, event.course_id, step)
    if course is None:
        return
    match event:
        case AssessmentSubmitted():
            grading.submitted(state, course, event, step)
        case AssessmentGraded():
            grading.graded(state, course, event, zone, step)
        case AssessmentExcused():
            grading.excused(state, course, event, step)
        case DeadlineExtended():
            grading.extended(state, course, event, step)
        case ModuleCompleted() | ModuleReopened():
            done = isinstance(event, ModuleCompleted)
            modules.take(state, course, event.module_id, step.day, step.at, done=done)
            step.changes.append(ModulesChanged(course))
        case _:
            assert_never(event)
    if course.finished_at and course.covers(step.at):
        _freeze(state, course, step)


def _freeze(state: Learner, course: Course, step: Step) -> None:
    mark = step.adopted.default_pass_mark
    freeze(state, course, step.facts.get(course.course_id), mark)


def _wanted(state: Learner, event: Wanted, step: Step) -> None:
    """What the learner decides: goals, preferences, and what to think of an alert."""
    match event:
        case GoalSet() | GoalRemoved():
            goals.take(state, event, step.at)
        case PreferencesSet():
            preferences.take(state, event, step.at)
        case AlertAcknowledged() | AlertFeedback():
            said = response(state, event, step.at)
            if said is not None:
                step.responses.append((len(step.published), said))
        case _:
            assert_never(event)


def _presence(state: Learner, event: SessionStarted | SessionEnded, step: Step) -> None:
    """An explicit start or end; one without a time of day says nothing of sessions."""
    if step.timed:
        what = sessions.STARTED if isinstance(event, SessionStarted) else sessions.ENDED
        sessions.observe(state, Mark(step.at, 0, what), step.zone)


def _membership(state: Learner, event: Enrolled | Unenrolled | CourseFinished, step: Step) -> None:
    known = find_course(state, event.course_id)
    course = entered(state, event.course_id, step.at)
    if course is None:
        return
    match event:
        case Enrolled():
            course.groups = event.groups or course.groups
            membership.enrol(state, course, step.at)
        case Unenrolled():
            membership.leave(state, course, step.at)
        case CourseFinished():
            known_outcome = course.outcome
            membership.finish(state, course, event.outcome, step.at)
            if known_outcome is None:
                tell_outcome(state, course, event.outcome, step)
        case _:
            assert_never(event)
    list_courses(state)
    _freeze(state, course, step)
    if known is None:
        step.changes.append(CourseAdded(course))
    else:
        ending = _ending(course)
        step.changes.append(MembershipChanged(course, ending))
        grading.judge_again(state, step, ending)
        step.changes.append(DeadlinesChanged(course, ending))


def _ending(course: Course) -> Ending | None:
    if course.unenrolled_at:
        return "unenrolled"
    return "course_finished" if course.finished_at else None


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
