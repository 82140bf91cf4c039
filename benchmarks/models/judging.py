"""Everything that is judged of one run, by the same code whatever made the run."""

from collections.abc import Callable

from benchmarks.models.aims import Judged
from benchmarks.models.alerts import at_risk, next_missing
from benchmarks.models.bars import Bars
from benchmarks.models.batch import MISSING, batch_fit, classifier
from benchmarks.models.figures import all_figures
from benchmarks.models.groups import by_group
from benchmarks.models.hindsight import Hindsight
from benchmarks.models.recorded import Recorded
from benchmarks.models.rows import all_rows
from benchmarks.models.weekly_list import weekly_lists


def judge_run(
    run: Recorded, known: Hindsight, marking_days: int, say: Callable[[str], None] = print
) -> Judged:
    """All figures of a run; `say` is told in a line what cannot be made here."""
    rows = all_rows(run.lessons, known)
    bars = Bars(run.lessons, known.facts)
    course, work = rows["not_passing"], rows["next_missing"]
    trees = classifier()
    if trees is None:
        say(MISSING)
    if run.raised is None:
        say("the file has no alerts, so none are judged as raised: a new run writes them")
    return Judged(
        newest=known.newest,
        marking_days=marking_days,
        figures={**all_figures(rows, known)},
        batch={} if trees is None else batch_fit(course, known.newest, trees),
        alerts={
            "at_risk": at_risk(course, run.raised, known, bars),
            "next_missing": next_missing(work, run.raised, known),
        },
        groups=by_group(course, known, bars),
        lists=weekly_lists(course, work, known),
    )
