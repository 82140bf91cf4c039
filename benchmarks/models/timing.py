"""How long models take for one event, on top of the fold, beside river's bare regression."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from statistics import median
from typing import Any, Final

from msgspec.structs import replace as with_fields
from river import linear_model, optim
from typing_extensions import override

from benchmarks.models.figures import Figures
from benchmarks.models.printed import table
from benchmarks.models.pure import PureRun
from domain.changes import Change, TimerDue
from domain.events.decode import Record
from domain.examples import Example, Lesson
from domain.predicting import predict as predicting
from domain.predictions import MODELS, Target
from domain.scoring import Scorer
from domain.state.learner import Learner
from domain.step import Step
from feeds.oulad import Oulad, OuladOptions, read_oulad
from models import amounts
from models.encoding import ENCODINGS
from models.learning import Learning
from models.serving import OUTCOMES_MIN

AIM_MICROSECONDS: Final = 50
_EXAMPLES: Final = 5_000
_SEED: Final = 1
_STEP: Final = 0.02
_THOUSAND: Final = 1000


def timed(options: OuladOptions) -> str:
    """Two tables: each model alone, and all of them in the fold of an event.

    Without presentations the smallest ones are taken that together have outcomes enough for
    `not_passing`, those with clicks first. They are folded twice: once to learn, and once more with
    what was learned, timed event by event. It is CPU time: what else runs here is not in it.
    """
    folder = read_oulad(options)
    if not options.presentations:
        options = replace(options, presentations=_smallest(folder))
        folder = read_oulad(options)
    first = PureRun(folder)
    for _ in first.run():
        pass
    alone = each_model(first.recorded.lessons, first.scorer, first.learning)
    second = TimedRun(read_oulad(options), first.learning)
    with second.watching():
        for _ in second.run():
            pass
    names = ", ".join(sorted(options.presentations))
    title = f"Microseconds of one example, median ({names})"
    return "\n".join(
        (
            table(title, "model", alone),
            table("Microseconds of one event", "part", in_the_fold(second, alone)),
        )
    )


def _smallest(folder: Oulad) -> frozenset[str]:
    """The fewest learners that are enough, of runs with clicks first; all where they are few."""
    clicked = set[str]()
    folder.source.each("studentVle.csv", lambda _, row: clicked.add(f"{row[0]}-{row[1]}"))
    sizes = Counter(run for run, _ in folder.groups)
    runs = sorted(
        (run.course_id not in clicked, sizes[run.index], run.course_id) for run in folder.runs
    )
    chosen, learners = set[str](), 0
    for _, size, course_id in runs:
        chosen.add(course_id)
        learners += size
        if learners > OUTCOMES_MIN:
            break
    return frozenset(chosen)


# -- each model alone ------------------------------------------------------------------------------


def each_model(lessons: Sequence[Lesson], scorer: Scorer, learning: Learning) -> dict[str, Figures]:
    """Median microseconds to predict and to learn, river's bare regression in turn with each.

    That one is a logistic regression with as many keys, by the same optimizer: no calibration, no
    interval, no baseline, no score of what was shown.
    """
    found: dict[str, Figures] = {}
    of_target: dict[Target, list[Lesson]] = defaultdict(list)
    for lesson in lessons:
        for example in lesson.examples:
            of_target[example.target].append(with_fields(lesson, examples=(example,), outcome=None))
    for target in MODELS:
        told = of_target[target]
        if told:
            chosen = Random(_SEED).sample(told, min(_EXAMPLES, len(told)))  # noqa: S311 - no secret
            found[target] = _beside(chosen, scorer, learning)
    return found


def _beside(told: Iterable[Lesson], scorer: Scorer, learning: Learning) -> Figures:
    bare: Any = linear_model.LogisticRegression(optim.AdaGrad(_STEP))
    taken: dict[str, list[int]] = defaultdict(list)
    count = keys = 0
    for lesson in told:
        (example,) = lesson.examples
        values = _values(lesson, example)
        label = _label(example)
        count, keys = count + 1, keys + len(values)
        for name, work in (
            ("predict", lambda e=example, c=lesson: _predict(scorer, c, e)),
            ("river_predict", lambda v=values: bare.predict_proba_one(v)),
            ("learn", lambda c=lesson: learning.learn([c])),
            ("river_learn", lambda v=values, y=label: bare.learn_one(v, y)),
        ):
            started = time.thread_time_ns()
            work()
            taken[name].append(time.thread_time_ns() - started)
    figures: Figures = {"examples": count, "keys": round(keys / count)}
    return figures | {name: median(each) / _THOUSAND for name, each in taken.items()}


def _predict(scorer: Scorer, lesson: Lesson, example: Example) -> object:
    if example.target in ENCODINGS:
        return scorer.probability(example.target, example.features)
    series = lesson.series or ""
    return scorer.amount(example.target, example.features, series, example.kind)


def _values(lesson: Lesson, example: Example) -> dict[Any, float]:
    encoding = ENCODINGS.get(example.target)
    if encoding is not None:
        return dict.fromkeys(encoding.keys(example.features), 1.0)
    series = lesson.series or ""
    return dict(amounts.inputs(example.target, example.features, series, example.kind)[1])


def _label(example: Example) -> bool:
    """The label; of an amount whether it was above what was expected, its first feature."""
    if example.target in ENCODINGS:
        return bool(example.label)
    return example.label > example.features[0]


# -- all models of one event -----------------------------------------------------------------------


@dataclass(slots=True)
class Spent:
    """Nanoseconds of each event: in all, of that for predictions at it, and at timers before it.

    A timer is a moment of a course's week or a deadline, which an event of the learner fires in
    passing; there, labels are told, too.
    """

    whole: list[int] = field(default_factory=list)
    models: list[int] = field(default_factory=list)
    timers: list[int] = field(default_factory=list)


class TimedRun(PureRun):
    """A run that folds event by event and takes the time; only inside `watching`."""

    def __init__(self, oulad: Oulad, learning: Learning) -> None:
        super().__init__(oulad, learning)
        self.spent = Spent()
        self._in_models = self._in_timers = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Inside, the time that the fold spends on predictions is taken."""
        follow = predicting.follow
        predicting.follow = self._watched(follow)
        try:
            yield
        finally:
            predicting.follow = follow

    def _watched(self, follow: Callable[..., None]) -> Callable[..., None]:
        def watched(state: Learner, step: Step, kinds: set[type[Change]]) -> None:
            started = time.thread_time_ns()
            follow(state, step, kinds)
            taken = time.thread_time_ns() - started
            if TimerDue in kinds:
                self._in_timers += taken
            else:
                self._in_models += taken

        return watched

    @override
    def _take(self, records: list[Record]) -> None:
        for record in records:
            self._in_models = self._in_timers = 0
            started = time.thread_time_ns()
            super()._take([record])
            self.spent.whole.append(time.thread_time_ns() - started)
            self.spent.models.append(self._in_models)
            self.spent.timers.append(self._in_timers)


def in_the_fold(run: TimedRun, alone: dict[str, Figures]) -> dict[str, Figures]:
    """Median and mean microseconds of an event, its predictions, and what is learned of it."""
    spent, events = run.spent, max(1, len(run.spent.whole))
    told = Counter(each.target for lesson in run.recorded.lessons for each in lesson.examples)
    learning = sum(
        told[target] * float(alone[target]["learn"] or 0) for target in MODELS if target in alone
    )
    predicted = [each for each in spent.models if each]
    six = [sum(float(each[name] or 0) for each in alone.values()) for name in _SIX]
    found: dict[str, Figures] = {
        "the fold, with models": _spent(spent.whole),
        "models: predict, of all events": _spent(spent.models),
        "models: predict, of events that predict": _spent(predicted),
        "models: predict at timers, its share of an event": _spent(spent.timers),
        "models: learn, its share of an event": _part(mean=learning / events),
        "each model once, predict": _part(six[0]),
        "each model once, learn": _part(six[1]),
        "river's bare one as often, predict": _part(six[2]),
        "river's bare one as often, learn": _part(six[3]),
    }
    total = (found["models: predict, of all events"]["median"] or 0) + learning / events
    said = f"all models of one event (aim: <= {AIM_MICROSECONDS})"
    return found | {said: _part(total)}


_SIX: Final = ("predict", "learn", "river_predict", "river_learn")


def _part(typical: float | None = None, mean: float | None = None) -> Figures:
    return {"events": None, "median": typical, "mean": mean}


def _spent(nanoseconds: Sequence[int]) -> Figures:
    if not nanoseconds:
        return {"events": 0, "median": None, "mean": None}
    return {
        "events": len(nanoseconds),
        "median": median(nanoseconds) / _THOUSAND,
        "mean": sum(nanoseconds) / len(nanoseconds) / _THOUSAND,
    }
