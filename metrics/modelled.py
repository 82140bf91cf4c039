"""What the models said of a learner, as the state keeps it; or why they say nothing, in words."""

from typing import Final, NamedTuple

from domain.course_facts import DAY
from domain.exact import reaches
from domain.predicting.predict import SILENCE_DAYS
from domain.predicting.running import Running, open_courses
from domain.predictions import INTERVAL_LEVEL, NUMBERS, Figure, Prediction, Target
from metrics.figures import instant, needs, sentence
from metrics.shapes import Band, Est, Missing, Model, SectionState, Text
from metrics.view import View, once
from models.serving import EXAMPLES_MIN, OUTCOMES_MIN, Served

BAND_MEDIUM_FROM: Final = 0.3
BAND_HIGH_FROM: Final = 0.7
_THOUSAND: Final = 1000
_TENTHS: Final = 10


class Said(NamedTuple):
    """One prediction as it is shown; without a `figure`, `missing` and `note` say why."""

    status: SectionState
    missing: list[Missing]
    note: Text | None
    figure: Figure | None = None
    model: Model | None = None
    made: Prediction | None = None
    served: Served | None = None

    @property
    def probability(self) -> float | None:
        """The probability that was shown, 0 to 1."""
        return None if self.figure is None else self.figure.value / _THOUSAND

    @property
    def naive(self) -> float | None:
        """The baseline's probability."""
        known = None if self.figure is None else self.figure.naive
        return None if known is None else known / _THOUSAND

    @property
    def band(self) -> Band | None:
        """The word for the probability."""
        value = self.probability
        if value is None:
            return None
        if reaches(value, BAND_HIGH_FROM):
            return "high"
        return "medium" if reaches(value, BAND_MEDIUM_FROM) else "low"


@once
def running(view: View) -> dict[str, Running]:
    """The learner's courses that run now; only of these anything is predicted."""
    found = open_courses(view.state, view.facts, view.now)
    return {each.course.course_id: each for each in found if each.begins_at <= view.now}


def said(
    view: View,
    target: Target,
    course_id: str | None = None,
    assessment: str | None = None,
    *,
    facts_known: bool = True,
    waits: Text | None = None,
) -> Said:
    """What was said of this target; `waits` is why nothing is said now, whatever is learned.

    `facts_known` is whether enough is known of the course for the model.
    """
    if target not in view.predicted:
        return Said("unavailable", [], sentence("prediction.switched_off", {}))
    made = _made(view).get((NUMBERS[target], course_id, assessment))
    if made is None or made.shown is None or waits is not None:
        return _nothing(view, target, facts_known=facts_known, waits=waits)
    served = view.models.snapshots.get(made.model)
    if served is None:
        return Said("unavailable", [], sentence("prediction.unavailable", {}))
    model = model_of(target, served)
    return Said("ok", [], None, made.shown, model, made, served)


def of_course(view: View, target: Target, course_id: str, assessment: str | None = None) -> Said:
    """What was said of a course or of its work, by a model that needs the course's dates."""
    facts = view.facts.get(course_id)
    dated = facts is not None and facts.starts_at is not None and facts.ends_at is not None
    waits = waits_for(view, course_id)
    return said(view, target, course_id, assessment, facts_known=dated, waits=waits)


def of_silence(view: View, target: Target) -> Said:
    """What was said of days without work, as far as any course runs so long."""
    days = dict(SILENCE_DAYS)[target]
    found = running(view).values()
    waits = None if found else sentence("prediction.not_running", {})
    if found and max(each.over_at for each in found) < view.now + days * DAY:
        waits = sentence("prediction.ends_first", {"days": days})
    return said(view, target, waits=waits)


def waits_for(view: View, course_id: str) -> Text | None:
    """Why nothing is predicted of a course now, whatever is learned; None where it runs."""
    return None if course_id in running(view) else sentence("prediction.not_running", {})


def estimate(figure: Figure | None) -> Est | None:
    """A score in percent or a time in days, with the 90 % interval."""
    if figure is None or figure.low is None or figure.high is None:
        return None
    low, value, high = (each / _TENTHS for each in (figure.low, figure.value, figure.high))
    return Est(value=value, low=low, high=high, level=INTERVAL_LEVEL)


def model_of(target: Target, served: Served) -> Model:
    """Who speaks: the version is the snapshot's number."""
    return Model(
        name=target,
        version=str(served.number),
        learned_until=instant(served.snapshot.learned_until),
    )


def learned(served: Served | None, target: Target) -> tuple[int, int]:
    """How much was learned of what a target needs: examples, or known outcomes where these lack.

    Both as (have, need); a forecast needs none.
    """
    need = EXAMPLES_MIN.get(target, 0)
    have = 0 if served is None else served.snapshot.examples.get(target, 0)
    if target != "not_passing" or have < need or served is None:
        return have, need
    known = served.outcomes
    return (known, OUTCOMES_MIN) if known < OUTCOMES_MIN else (have, need)


@once
def _made(view: View) -> dict[tuple[int, str | None, str | None], Prediction]:
    return {(made.target, made.course_id, made.assessment): made for made in view.state.predictions}


def _nothing(view: View, target: Target, *, facts_known: bool, waits: Text | None) -> Said:
    """Why nothing is said: what is missing, or what has to come first."""
    models = view.models
    served = models.snapshots.get(models.adopted)
    if models.adopted and served is None:
        return Said("unavailable", [], sentence("prediction.unavailable", {}))
    have, need = learned(served, target)
    status = needs(("course_facts", int(facts_known), 1), ("examples", have, need))
    if waits is not None:
        return Said("insufficient_data", status.missing, waits)
    if not facts_known:
        return Said("insufficient_data", status.missing, sentence("prediction.course_facts", {}))
    if status.missing:
        note = sentence("prediction.few_examples", {"have": have, "need": need})
        return Said("insufficient_data", status.missing, note)
    return Said("insufficient_data", [], sentence("prediction.next_event", {}))
