"""One learner's screen counted again from the raw events, in dictionaries: no code of ours."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_WORK = {
    "content_viewed",
    "module_completed",
    "assessment_submitted",
    "question_answered",
    "discussion_posted",
}
_ENTRANCES = {"homepage", "login"}
DAY = 86_400


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


class Plain:
    """Everything up to `now` (epoch seconds); `seconds` are those of sessions by local day."""

    def __init__(
        self,
        events: Iterable[dict[str, Any]],
        facts: dict[str, dict[str, Any]],
        now: int,
        seconds: dict[date, int] | None,
    ) -> None:
        self.facts, self.now, self.seconds = facts, now, seconds
        self.zone = ZoneInfo("UTC")
        self.work: dict[date, int] = {}
        self.posts: dict[date, int] = {}
        self.entered: dict[str, int] = {}
        self.submitted: dict[tuple[str, str], tuple[int, date]] = {}
        self.grades: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.modules: dict[tuple[str, str], int] = {}  # when it was completed
        self.first_day: date | None = None
        seen: set[tuple[str, str, str]] = set()
        for each in events:
            self._take(each, seen)
        local = datetime.fromtimestamp(now, self.zone).date()
        self.today = local

    def _take(self, each: dict[str, Any], seen: set[tuple[str, str, str]]) -> None:
        kind, at = each["type"], epoch(each["occurred_at"])
        self.zone = ZoneInfo(each["timezone"]) if each.get("timezone") else self.zone
        day = self._day(each, at)
        course = each.get("course_id", "")
        if kind == "enrolled":
            self.entered.setdefault(course, at)
        elif kind in {"unenrolled", "course_finished"}:
            self.entered.pop(course, None)
        elif kind.startswith("module_"):
            self.modules.pop((course, each["module_id"]), None)
            if kind == "module_completed":
                self.modules[course, each["module_id"]] = at
        elif kind == "assessment_submitted":
            self.submitted.setdefault((course, each["assessment_id"]), (at, day))
        elif kind == "assessment_graded":
            self._grade(each, course, at, day)
        if kind in _WORK and self._counts(each, at, seen):
            self.work[day] = self.work.get(day, 0) + 1
            self.posts[day] = self.posts.get(day, 0) + (kind == "discussion_posted")
            self.first_day = min(self.first_day or day, day)

    def _day(self, each: dict[str, Any], at: int) -> date:
        if each.get("precision") == "day":
            return date.fromisoformat(each["occurred_at"][:10])
        return datetime.fromtimestamp(at, self.zone).date()

    def _grade(self, each: dict[str, Any], course: str, at: int, day: date) -> None:
        name = course, each["assessment_id"]
        self.grades.setdefault(name, []).append({**each, "at": at})
        when = epoch(each["submitted_at"]) if each.get("submitted_at") else at
        known = self.submitted.get(name)
        if known is None or when < known[0]:
            on = datetime.fromtimestamp(when, self.zone).date()
            self.submitted[name] = when, on if each.get("submitted_at") else day

    def _counts(self, each: dict[str, Any], at: int, seen: set[tuple[str, str, str]]) -> bool:
        if each["type"] != "content_viewed":
            return True
        hour = datetime.fromtimestamp(at, UTC).strftime("%Y%m%d%H")
        key = each["course_id"], each["content_id"], hour
        new = key not in seen and each.get("content_kind") not in _ENTRANCES
        seen.add(key)
        return new

    # -- scores, dues, heavy work ----------------------------------------------------------------

    def scores(self) -> list[tuple[int, float, bool]]:
        """(when, percent, passed) of each assessment that counts, in order of time."""
        found = []
        for (course, name), grades in self.grades.items():
            if course not in self.entered or grades[-1].get("banked"):
                continue
            fact = next((a for a in self._assessments(course) if a["id"] == name), None)
            if fact is not None and fact.get("weight", 1) == 0:
                continue
            newest = {each.get("attempt", 0): each for each in grades}
            percent = {n: 100 * g["score"] / g["max_score"] for n, g in newest.items()}
            best = self.facts[course].get("attempt_rule") == "best"
            chosen = max(newest, key=lambda n: (percent[n], n)) if best else max(newest)
            grade, mark = newest[chosen], self.facts[course].get("pass_mark", self.pass_mark)
            passed = grade.get("passed")
            passed = percent[chosen] >= mark - 1e-9 if passed is None else passed
            found.append((grade["at"], min(percent[chosen], 100.0), passed))
        return sorted(found, key=lambda each: each[0])

    pass_mark = 60.0

    def _assessments(self, course: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.facts[course].get("assessments") or []
        return found

    def dues(self) -> list[tuple[str, dict[str, Any], int]]:
        """(course, assessment, due time) of what is required of the learner."""
        return [
            (course, fact, epoch(fact["due_at"]))
            for course, entered in self.entered.items()
            for fact in self._assessments(course)
            if fact.get("required", True)
            and fact.get("due_at")
            and epoch(fact["due_at"]) >= entered
            and not self._banked(course, fact["id"])
        ]

    def _banked(self, course: str, name: str) -> bool:
        grades = self.grades.get((course, name))
        return bool(grades and grades[-1].get("banked"))

    def heavy(self) -> list[tuple[int, str, str]]:
        """(due time, course, id) of what weighs 5 % or more of a course without its exams."""
        found = []
        for course, fact, due in self.dues():
            required = [a for a in self._assessments(course) if a.get("required", True)]
            weights = {a.get("weight", 1.0) for a in required}
            rest = [a for a in self._assessments(course) if (a.get("kind") or "").lower() != "exam"]
            total = sum(a.get("weight", 1.0) for a in rest)
            share = fact.get("weight", 1.0) / total if total else 0
            if len(weights) <= 1 or ((fact in rest) and share >= 0.05 - 1e-12):
                found.append((due, course, fact["id"]))
        return sorted(found)

    def is_open(self, course: str, name: str, at: int) -> bool:
        known = self.submitted.get((course, name))
        return known is None or known[0] > at

    # -- the figures -----------------------------------------------------------------------------

    def week(self, last: date, of: dict[date, int]) -> int:
        return sum(of.get(last - timedelta(days=back), 0) for back in range(7))

    def active(self, last: date) -> int:
        return sum((last - timedelta(days=back)) in self.work for back in range(7))

    def days_inactive(self, today: date) -> int | None:
        worked = [day for day in self.work if day <= today]
        return (today - max(worked)).days if worked else None

    def engagement(self) -> int | None:
        """The levels of 22 days, the newest weighing most; one course's own targets or defaults."""
        if not self.entered or self.first_day is None:
            return None
        asked = [self.facts[course].get("weekly_targets") or {} for course in self.entered]
        days_target = max((t["active_days"] for t in asked if t.get("active_days")), default=4)
        minutes_target = sum(t.get("minutes") or 0 for t in asked) or 180
        work_target = sum(t.get("activities") or 0 for t in asked) or 30
        posted = any(self.posts.get(self.today - timedelta(days=n), 0) for n in range(28))
        top = bottom = 0.0
        for back in range(22):
            day = self.today - timedelta(days=back)
            if day < self.begins():
                break
            parts = [(0.3, self.active(day) / days_target)]
            parts.append((0.2, self.week(day, self.work) / work_target))
            if self.seconds is not None:
                parts.append((0.25, round(self.week(day, self.seconds) / 60) / minutes_target))
            if posted:
                parts.append((0.1, self.week(day, self.posts) / 2))
            due, in_time = self.punctual(day)
            if due:
                parts.append((0.15, in_time / due))
            level = sum(w * min(1, share) for w, share in parts) / sum(w for w, _ in parts)
            top += 2 ** (-back / 7) * level
            bottom += 2 ** (-back / 7)
        return int(100 * top / bottom + 0.5 + 1e-9)

    def begins(self) -> date:
        days = [*self.work, *(self.seconds or {})]
        return min(days)

    def punctual(self, last: date) -> tuple[int, int]:
        """How much was due in the 28 days up to `last`, and how much of it was in in time."""
        due = in_time = 0
        for course, fact, at in self.dues():
            day = datetime.fromtimestamp(at, self.zone).date()
            if at > self.now or not last - timedelta(days=27) <= day <= last:
                continue
            due += 1
            when = self.submitted.get((course, fact["id"]))
            if when is not None:
                in_time += when[0] <= at if self.seconds is not None else when[1] <= day
        return due, in_time

    def schedule(self) -> str:
        heavy = self.heavy()
        overdue = [h for h in heavy if h[0] <= self.now and self.is_open(*h[1:], self.now)]
        modules = self.modules_due()
        done = sum(weight for weight, _, is_done in modules if is_done)
        if any(h[0] + 2 * DAY <= self.now for h in overdue):
            return "behind"
        if modules and done < 0.9 * sum(weight for weight, *_ in modules) - 1e-9:
            return "behind"
        early = [h for h in heavy if h[0] >= self.now + 7 * DAY]
        if not overdue and any(not self.is_open(*h[1:], self.now) for h in early):
            return "ahead"
        return "on_track" if modules or any(h[0] <= self.now for h in heavy) else "unknown"

    def modules_due(self) -> list[tuple[float, int, bool]]:
        """(weight, due time, done) of each module that is due: when the next one was released."""
        return [
            (weight, due, (course, name) in self.modules)
            for weight, due, course, name in self.module_dues()
            if self.entered[course] <= due <= self.now
        ]

    def module_dues(self) -> list[tuple[float, int, str, str]]:
        """(weight, due time, course, id) of each required module of which it is known."""
        found = []
        for course in self.entered:
            known = [m for m in self.facts[course].get("modules") or [] if m.get("required", True)]
            times = sorted({epoch(m["release_at"]) for m in known if m.get("release_at")})
            ends = self.facts[course].get("ends_at")
            for module in known:
                if not module.get("release_at"):
                    continue
                later = [t for t in times if t > epoch(module["release_at"])]
                due = later[0] if later else (epoch(ends) if ends else None)
                if due is not None:
                    found.append((module.get("weight", 1.0), due, course, module["id"]))
        return found

    def level_for_now(self) -> str | None:
        """From moment to moment: percent done of what is due, and the mean score so far."""
        units = self._units()
        by_modules = {course for *_, course, is_module in units if is_module}
        mixed = len({course in by_modules for course in self.entered}) > 1
        scores = [(when, percent) for when, percent, _ in self.scores()]
        moments = {due for _, due, *_ in units} | {when for when, _ in scores}
        moments |= {done for _, _, done, *_ in units if done is not None}
        level: str | None = None
        for at in sorted(moments):
            shares = [
                self._share([u for u in units if u[3] == course or not mixed], at)
                for course in (self.entered if mixed else ["all"])
            ]
            known = [share for share in shares if share is not None]
            so_far = [percent for when, percent in scores if when <= at]
            if known and self.work:
                mean = sum(so_far) / len(so_far) if so_far else None
                level = _level(sum(known) / len(known), mean, level)
        return level

    def _units(self) -> list[tuple[float, int, int | None, str, bool]]:
        """(weight, due time, done at, course, whether it is a module) of what is due by now."""
        modules = self.module_dues()
        by_modules = {course for *_, course, _ in modules}
        found: list[tuple[float, int, int | None, str, bool]] = [
            (weight, due, self.modules.get((course, name)), course, True)
            for weight, due, course, name in modules
            if self.entered[course] <= due
        ]
        for course, fact, due in self.dues():
            if course not in by_modules:
                done = self.submitted.get((course, fact["id"]), (None,))[0]
                found.append((fact.get("weight", 1.0), due, done, course, False))
        return [unit for unit in found if unit[1] <= self.now]

    def _share(self, units: list[Any], at: int) -> float | None:
        due = [unit for unit in units if unit[1] <= at]
        total = sum(weight for weight, *_ in due)
        done = sum(w for w, _, done, *_ in due if done is not None and done <= at)
        return 100 * done / total if total else None

    def segment(self) -> str | None:
        """The worst label of three days, for a learner without a cohort."""
        order = ("inactive", "disengaging", "struggling")
        found = [self._label(self.today - timedelta(days=back)) for back in range(3)]
        return next((name for name in order if name in found), None) if self.entered else None

    def _label(self, day: date) -> str | None:
        silent = self.days_inactive(day)
        if silent is None:
            return None
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone) + timedelta(days=1)
        at = self.now if day == self.today else int(midnight.timestamp()) - 1
        open_ones = [h[0] for h in self.heavy() if self.is_open(h[1], h[2], at)]
        overdue = [due for due in open_ones if due <= at]
        soon = [due for due in open_ones if at < due <= at + 7 * DAY]
        if silent >= 28 or (silent >= 14 and overdue):
            return "inactive"
        if silent >= 14 or (silent >= 7 and (overdue or soon)):
            return "disengaging"
        scores = [passed for when, _, passed in self.scores() if when <= at]
        late = [due for due in overdue if due + 2 * DAY <= at]
        return "struggling" if (scores and not scores[-1]) or late else None

    def deadline(self) -> str | None:
        """The code of the family of deadlines, but for praise."""
        running = [
            h
            for h in self.heavy()
            if not (end := self.facts[h[1]].get("ends_at")) or epoch(end) > self.now
        ]
        missed = [
            (h, self.is_open(*h[1:], self.now)) for h in running if h[0] + 2 * DAY <= self.now
        ]
        for course in self.entered:
            last = [is_open for h, is_open in missed if h[1] == course][-2:]
            if last == [True, True]:
                return "deadline_overdue_several"
        if any(is_open for _, is_open in missed):
            return "deadline_overdue"
        ahead = [h[0] for h in running if h[0] > self.now and self.is_open(*h[1:], self.now)]
        if not ahead or min(ahead) > self.now + 28 * DAY:
            return None
        return "deadline_near" if min(ahead) <= self.now + 3 * DAY else "deadline_next"


def _level(share: float, mean: float | None, before: str | None) -> str:
    """Entered at 65 and 95 percent and scores of 60 and 80; left 10 and 5 under these."""
    stood = ["Beginner", "Intermediate", "Advanced"].index(before or "Beginner")
    for rank, name, bar, score in ((2, "Advanced", 95, 80), (1, "Intermediate", 65, 60)):
        held = stood >= rank
        far = share >= bar - 10 * held - 1e-9
        if mean is None and rank == 1 and far:
            return name
        if mean is not None and far and mean >= score - 5 * held - 1e-9:
            return name
    return "Beginner"
