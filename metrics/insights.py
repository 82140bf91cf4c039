"""At most five plain sentences, one of each family, warnings first, each with what it rests on."""

from typing import Final

from metrics.engagement import Engagement
from metrics.insights_deadlines import deadline_insights
from metrics.insights_pass import pass_insight
from metrics.insights_rhythm import rhythm_insight
from metrics.insights_scores import score_insight
from metrics.shapes import Insight
from metrics.view import View

INSIGHTS_MAX: Final = 5


def insights(view: View, engagement: Engagement) -> list[Insight]:
    """What is worth saying now: of deadlines, scores, passing and rhythm, one thing each.

    That all work is in may stand beside the next deadline. Warnings come first, else the families
    stand in this order. No two contradict each other: each family says its gravest, and praise for
    passing is not said beside missed work or a score under the pass mark.
    """
    found = list(deadline_insights(view))
    scores = score_insight(view)
    found += [] if scores is None else [scores]
    rest = (pass_insight(view, {each.code for each in found}), rhythm_insight(view, engagement))
    found += [each for each in rest if each is not None]
    assert len(found) <= INSIGHTS_MAX, "a family says one thing, deadlines two at most"
    return sorted(found, key=lambda each: each.tone != "warning")
