"""Whether a score passes: as the grade says, else by the course's pass mark or the default."""

from domain.measures.view import View
from domain.scores import Scored, is_pass


def pass_mark(view: View, course_id: str) -> float:
    """The course's pass mark in percent; the operator's default where none is known."""
    facts = view.facts.get(course_id)
    mark = None if facts is None else facts.pass_mark
    return view.default_pass_mark if mark is None else mark


def is_passed(view: View, score: Scored) -> bool:
    """What the grade says of it, else whether it reaches the pass mark."""
    return is_pass(score.percent, pass_mark(view, score.course_id), passed=score.passed)
