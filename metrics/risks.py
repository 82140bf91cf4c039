"""Why a risk is what it is: the parts that a learner can understand, in words, and the sum."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from domain.predictions import TARGETS, Target
from metrics.assessments import heavy_ahead
from metrics.figures import prob, sentence
from metrics.modelled import Said, of_course, of_silence
from metrics.risk_words import COURSE, SILENCE, Word
from metrics.shapes import Text
from metrics.shapes_predictions import EffectTarget, RiskExplanation, RiskFactor, RiskTarget
from metrics.view import View, once
from models.encoding import ENCODINGS
from models.explaining import Contribution, Explanation, explain, if_changed
from models.serving import Served

FACTORS_MAX: Final = 5
CONTRIBUTION_MIN: Final = 0.05
"""Log-odds; what adds less is left to `other`."""
SILENCE_TARGET: Final[Target] = "inactivity_7"
_MILLION: Final = 1_000_000
_THOUSAND: Final = 1000


class Factor(NamedTuple):
    """One feature's part in a risk, with the bin at which it would add least."""

    feature: str
    word: Word
    value: int
    contribution: int  # millionths of a log-odd
    baseline: int


class Risk(NamedTuple):
    """A probability that was shown, taken apart."""

    target: RiskTarget
    course_id: str | None
    model: Target
    made_at: int
    features: Sequence[int]
    served: Served
    explanation: Explanation
    factors: Sequence[Factor]

    @property
    def probability(self) -> float:
        """As it was shown, 0 to 1."""
        return self.explanation.probability / _THOUSAND

    def if_changed(self, changes: Mapping[str, int]) -> float:
        """What the model says where features have other values: an association, 0 to 1."""
        found = if_changed(self.served, self.model, self.features, dict(changes))
        assert found is not None, "a model that spoke of some features speaks of all"
        return found / _THOUSAND


@once
def risks(view: View) -> list[Risk]:
    """The risks that are shown: silence, and of each course not passing and its next heavy work."""
    nearest: dict[str, str] = {}
    for course, work in heavy_ahead(view):
        nearest.setdefault(course.course_id, work.assessment.id)
    ask = partial(_risk, worked=bool(view.state.last_work_at))
    found = [ask("inactivity", None, of_silence(view, SILENCE_TARGET))]
    for course_id in view.refs:
        found.append(ask("not_passing", course_id, of_course(view, "not_passing", course_id)))
        if course_id in nearest:
            made = of_course(view, "next_missing", course_id, nearest[course_id])
            found.append(ask("next_missing", course_id, made))
    return [risk for risk in found if risk is not None]


def risk_factors(view: View) -> list[RiskFactor]:
    """The section `risk_factors`: of each risk the largest parts that can be said in words."""
    return [_shown(risk, factor) for risk in risks(view) for factor in risk.factors]


def risk_explanations(view: View) -> list[RiskExplanation]:
    """The section `risk_explanations`: how a risk adds up; of missing work only parts are said."""
    return [
        _explanation(risk, risk.target) for risk in risks(view) if risk.target != "next_missing"
    ]


def reason(factor: Factor) -> Text:
    """A feature in words, with what it is."""
    return sentence(f"risk.{factor.feature}", {"value": factor.word.text(factor.value)})


def _shown(risk: Risk, factor: Factor) -> RiskFactor:
    said_so = reason(factor)
    return RiskFactor(
        code=said_so.code,
        params=said_so.params,
        text=said_so.text,
        target=risk.target,
        course_id=risk.course_id,
        feature=factor.feature,
        value=factor.word.value(factor.value),
        baseline=factor.word.value(factor.baseline),
        unit=factor.word.unit,
        direction="raises" if factor.contribution > 0 else "lowers",
        contribution=factor.contribution / _MILLION,
        changeable=factor.word.changeable,
    )


def _explanation(risk: Risk, target: EffectTarget) -> RiskExplanation:
    whole = risk.explanation
    shown = sum(factor.contribution for factor in risk.factors)
    return RiskExplanation(
        target=target,
        course_id=risk.course_id,
        intercept=whole.intercept / _MILLION,
        shown=shown / _MILLION,
        other=(whole.logit - whole.intercept - shown) / _MILLION,
        logit=whole.logit / _MILLION,
        raw_probability=prob(whole.raw / _THOUSAND),
        probability=prob(risk.probability),
    )


def _risk(target: RiskTarget, course_id: str | None, made: Said, *, worked: bool) -> Risk | None:
    """A prediction taken apart by the snapshot that made it; None where nothing was said.

    For who has never `worked` the days since then are a guess, which is not said.
    """
    if made.made is None or made.served is None:
        return None
    model, at, features = TARGETS[made.made.target], made.made.made_at, made.made.features
    explanation = explain(made.served, model, features)
    if explanation is None:
        return None
    words = dict(SILENCE if target == "inactivity" else COURSE)
    if not worked:
        del words["days_since_work"]
    factors = list(_factors(made.served, explanation, features, words))
    return Risk(target, course_id, model, at, features, made.served, explanation, factors)


def _factors(
    served: Served, whole: Explanation, features: Sequence[int], words: Mapping[str, Word]
) -> Iterator[Factor]:
    """The largest parts that have words, the largest first."""
    parts = [
        (part, words[part.feature])
        for part in whole.contributions
        if part.feature in words
        and words[part.feature].is_known(part.value)
        and abs(part.logit) >= CONTRIBUTION_MIN * _MILLION
    ]
    parts.sort(key=lambda each: -abs(each[0].logit))
    for part, word in parts[:FACTORS_MAX]:
        baseline = _baseline(served, whole.target, features, part, word)
        yield Factor(part.feature, word, part.value, part.logit, baseline)


def _baseline(
    served: Served, target: Target, features: Sequence[int], part: Contribution, word: Word
) -> int:
    """The bin at which the feature would add least, all else as it is; of equals the nearest."""
    known = [number for number in range(len(word.bins)) if word.is_known(number)]
    adds = added_by(served, target, features, part.feature)
    return min(known, key=lambda number: (abs(adds[number]), abs(number - part.value)))


def added_by(served: Served, target: Target, features: Sequence[int], feature: str) -> list[int]:
    """What a feature would add at each of its bins, all others as they are; millionths."""
    encoding, model = ENCODINGS[target], served.snapshot.classifications[target]
    place = encoding.place(feature)
    changed, found = list(features), []
    for number in range(encoding.features[place].bins):
        changed[place] = number
        own = sum([model.weights[key] for key in encoding.keys_of(place, changed)])
        found.append(own - model.means[place])
    return found
