"""What a learner of a test's bench would be shown at a moment."""

from datetime import datetime

from domain.configuration import Configuration
from domain.state.learner import new_learner
from metrics.view import Cohort, Models, View
from tests.factories import START, USER, Bench, seconds


def view(
    bench: Bench | None = None,
    when: datetime | None = None,
    *,
    cohort: Cohort | None = None,
    zone: str = "UTC",
    models: Models | None = None,
) -> View:
    """The view of the bench's learner at `when`; without a bench, of somebody unknown."""
    configuration = Configuration() if bench is None else bench.fold.configuration
    return View(
        state=new_learner(USER) if bench is None else bench.learner(),
        facts={} if bench is None else bench.fold.facts,
        cohort=cohort,
        now=seconds(when or START),
        default_zone=zone,
        default_pass_mark=configuration.default_pass_mark,
        models=models or Models(),
        predicted=configuration.models.predicted(),
    )
