"""Whether a score passes: as the grade says, else by the course's pass mark or the default."""

from domain.keepers.scores import Scored, is_pass, pass_mark_of
from metrics.view import View


def pass_mark(view: View, course_id: str) -> float:
    """The course's pass mark in percent; the operator's default where none is known."""
    return pass_mark_of(view.facts.get(course_id), view.default_pass_mark)


def is_passed(view: View, score: Scored) -> bool:
    """What the grade says of it, else whether it reaches the pass mark."""
    return is_pass(score.percent, pass_mark(view, score.course_id), passed=score.passed)
