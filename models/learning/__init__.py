"""What learns: one example at a time, in the order in which it is told of them."""

from collections.abc import Iterable, Mapping
from typing import Final, Self

from domain.examples import Example, Lesson, shuffled
from domain.predictions import FORECASTS, MODELS, TARGETS, Target
from models.encoding import ENCODINGS
from models.learning import base_rates
from models.learning.classifier import ClassifierState
from models.learning.gates import GATED_BY
from models.learning.judging import fault
from models.learning.meters import AmountMeter, ProbabilityMeter
from models.learning.models import AmountModel, AmountState, ForecastModel, Judged, ProbabilityModel
from models.learning.parts import (
    BadLearningError,
    Head,
    UnknownLearningError,
    check_names,
    decode_part,
    encode_part,
)
from models.learning.reaches import Reaches
from models.reports import Gate
from models.snapshot import BaseRate, Snapshot, encode_snapshot

__all__ = ["BadLearningError", "Learning", "UnknownLearningError"]

_PROBABILITIES: Final[list[Target]] = [target for target in MODELS if target in ENCODINGS]
_AMOUNTS: Final[list[Target]] = [target for target in MODELS if target not in ENCODINGS]
_FORECASTS: Final[tuple[Target, ...]] = FORECASTS


class Learning:
    """All models, and everything that they learn from."""

    def __init__(self) -> None:
        self._head = Head(examples=dict.fromkeys(TARGETS, 0))
        self._rates: dict[str, BaseRate] = {}
        self._probabilities = {target: ProbabilityModel(target) for target in _PROBABILITIES}
        self._amounts = {target: AmountModel(target) for target in _AMOUNTS}
        self._reaches = Reaches()
        self._forecasts: dict[Target, ForecastModel] = {
            target: ForecastModel(self._reaches) for target in _FORECASTS
        }
        self._encoded: dict[str, bytes] = {}

    @property
    def examples(self) -> dict[Target, int]:
        """How many examples of each target were learned."""
        return self._head.examples

    @property
    def skipped(self) -> dict[str, int]:
        """How many examples (and outcomes) could not be learned, by what is wrong with them."""
        return self._head.skipped

    @property
    def learned_until(self) -> int:
        """When the newest label was known, epoch seconds."""
        return self._head.learned_until

    def learn(self, lessons: Iterable[Lesson]) -> None:
        """Judge what was shown and learn, in this order; what is at fault is skipped, counted."""
        for lesson in lessons:
            self._take(lesson)
            for example in lesson.examples:
                self._learn(lesson, example)

    def learn_in_order(self, lessons: Iterable[Lesson]) -> None:
        """The same in an order that does not depend on that of `lessons`."""
        lessons = list(lessons)
        for lesson in sorted(lessons, key=lambda it: (it.at, it.user_id, it.course_id or "")):
            self._take(lesson)
        pairs = [(lesson, example) for lesson in lessons for example in lesson.examples]
        for lesson, example in sorted(pairs, key=lambda pair: shuffled(*pair)):
            self._learn(lesson, example)

    def _take(self, lesson: Lesson) -> None:
        """Take what a lesson says apart from its examples."""
        self._encoded.pop("head", None)
        self._head.learned_until = max(self._head.learned_until, lesson.at)
        if lesson.outcome is None:
            return
        if lesson.outcome not in (0, 1) or lesson.course_id is None:
            self._skip("outcome")
            return
        self._encoded.pop("base_rates", None)
        series = lesson.series or lesson.course_id
        base_rates.learn(self._rates, lesson.course_id, series, lesson.outcome)

    def _learn(self, lesson: Lesson, example: Example) -> None:
        if reason := fault(lesson, example):
            self._skip(reason)
            return
        target = example.target
        part = "reaches" if target in _FORECASTS else f"model:{target}"
        self._encoded.pop(part, None)
        if example.shown is not None:
            self._encoded.pop(f"judged:{target}", None)
        self._model(target).learn(lesson, example)
        self._head.examples[target] += 1

    def _model(self, target: Target) -> ProbabilityModel | AmountModel | ForecastModel:
        """What judges the examples of a target, and learns from them."""
        known = self._probabilities.get(target) or self._amounts.get(target)
        return known or self._forecasts[target]

    def _skip(self, reason: str) -> None:
        self._head.skipped[reason] = self._head.skipped.get(reason, 0) + 1

    def snapshot(self, number: int, learned: int) -> bytes:
        """The snapshot of this number, where everything before the offset `learned` was learned.

        It is remembered how this one was calibrated and what it was the first to tell of drift, so
        `parts` must be taken after it.
        """
        for target in self._probabilities:
            self._encoded.pop(f"model:{target}", None)
        examples = self._head.examples
        for target in TARGETS:
            if self._model(target).judge.publish(number):
                self._encoded.pop(f"judged:{target}", None)
        return encode_snapshot(
            Snapshot(
                number=number,
                learned_until=self._head.learned_until,
                learned=learned,
                examples=examples,
                skipped=self._head.skipped,
                classifications={
                    target: it.classifier.served(number)
                    for target, it in self._probabilities.items()
                },
                regressions={target: it.regressor.served() for target, it in self._amounts.items()},
                priors={target: it.priors for target, it in self._amounts.items()},
                base_rates=self._rates,
                gates=self._gates(),
                reaches=self._reaches.served(),
                reports={
                    target: self._model(target).judge.report(target, examples[target])
                    for target in TARGETS
                },
            )
        )

    def _gates(self) -> dict[str, Gate]:
        """By course the gate that is closed; of two the one with the larger error."""
        closed = [
            found
            for target in GATED_BY
            for found in self._probabilities[target].judge.gates.closed(target)
        ]
        return dict(sorted(closed, key=lambda each: (each[0], each[1].error)))

    def parts(self) -> dict[str, bytes]:
        """Everything that was learned, by part; a part that did not change has the same bytes."""
        for name, state in self._states().items():
            if name not in self._encoded:
                self._encoded[name] = encode_part(state)
        return dict(sorted(self._encoded.items()))

    def _states(self) -> dict[str, object]:
        states: dict[str, object] = {
            "head": self._head,
            "base_rates": self._rates,
            "reaches": self._reaches,
        }
        for target, it in self._probabilities.items():
            if f"model:{target}" not in self._encoded:
                states[f"model:{target}"] = it.classifier.state
            states[f"judged:{target}"] = it.judge.state
        for target, amount in self._amounts.items():
            if f"model:{target}" not in self._encoded:
                states[f"model:{target}"] = amount.state
            states[f"judged:{target}"] = amount.judge.state
        for target, forecast in self._forecasts.items():
            states[f"judged:{target}"] = forecast.judge.state
        return states

    @classmethod
    def restore(cls, parts: Mapping[str, bytes]) -> Self:
        """What `parts` gave, going on as if nothing had happened.

        Raises UnknownLearningError where a newer version of the code wrote a part,
        BadLearningError where one is missing or truncated.
        """
        learning = cls()
        check_names(parts, set(learning.parts()))
        learning._head = decode_part(parts, "head", Head)
        learning._rates = decode_part(parts, "base_rates", dict[str, BaseRate])
        for target in _PROBABILITIES:
            learning._probabilities[target] = ProbabilityModel(
                target,
                decode_part(parts, f"model:{target}", ClassifierState),
                decode_part(parts, f"judged:{target}", Judged[ProbabilityMeter]),
            )
        for target in _AMOUNTS:
            learning._amounts[target] = AmountModel(
                target,
                decode_part(parts, f"model:{target}", AmountState),
                decode_part(parts, f"judged:{target}", Judged[AmountMeter]),
            )
        learning._reaches = decode_part(parts, "reaches", Reaches)
        for target in _FORECASTS:
            learning._forecasts[target] = ForecastModel(
                learning._reaches, decode_part(parts, f"judged:{target}", Judged[AmountMeter])
            )
        learning._encoded = dict(parts)
        return learning
