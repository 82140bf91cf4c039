"""What is asked of a list of learners: order, filters, and the cursor that holds both."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta
from pydantic import BaseModel, ConfigDict, Field

from api import cursors
from api.alert_query import names_in
from api.parameters import (
    CURSOR_ALLOWED,
    CURSOR_MAX,
    END,
    SEVERITIES,
    SEVERITIES_ALLOWED,
    WHOLE,
    Allowed,
    Severities,
)
from api.problems import ParameterError, invalid_parameter
from domain.ids import short_id
from domain.rules import RULES
from domain.state.learner import Severity
from domain.stored.course_rows import ATTENTION

Sort: TypeAlias = Literal["contact", "quiet", "progress", "score"]
LIMIT_DEFAULT: Final = 25
ID_MAX: Final = 256
CATEGORIES: Final = tuple(name for name, rule in RULES.items() if "instructor" in rule.audience)
_ID_ALLOWED: Final = f"1..{ID_MAX} characters"
_CATEGORIES_ALLOWED: Final = " | ".join(CATEGORIES)
_LARGEST: Final = END + 1
PARTS: Final = 3
"""Of the contact order: who is likely to need help, the others, who was helped lately."""

_Whole: TypeAlias = Annotated[int, Meta(ge=0, lt=_LARGEST)]
_Percent: TypeAlias = Annotated[float, Meta(ge=0, le=100)]
Percent = Annotated[
    float | None,
    Field(ge=0, le=100, allow_inf_nan=False),
    Allowed("0..100"),
]
Limit = Annotated[
    int, Field(ge=1, le=100, description="So many in one answer."), WHOLE, Allowed("1..100")
]
Cursor = Annotated[
    str | None,
    Field(max_length=CURSOR_MAX, description="Where the list continues."),
    Allowed(CURSOR_ALLOWED),
]


class ListQuery(BaseModel):
    """A page of a list; all other parameters are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Limit = LIMIT_DEFAULT
    cursor: Cursor = None


class LearnersQuery(ListQuery):
    """Which learners of a course, and in which order."""

    sort: Annotated[
        Sort,
        Field(description="contact: whom to contact first; or by a column, lowest first."),
        Allowed(" | ".join(get_args(Sort))),
    ] = "contact"
    category: Annotated[
        str | None,
        Field(description="Only who has an open alert of this rule.", examples=["low_score"]),
        Allowed(_CATEGORIES_ALLOWED),
    ] = None
    severity: Severities = "all"
    quiet_days_min: Annotated[
        int | None,
        Field(ge=1, le=365, description="Only who did no work for so many days."),
        WHOLE,
        Allowed("1..365"),
    ] = None
    score_max: Annotated[Percent, Field(description="Only who averages so much or less.")] = None
    progress_max: Annotated[Percent, Field(description="Only who came so far or less.")] = None
    progress_below: Annotated[Percent, Field(description="Only who came less far.")] = None
    not_submitted: Annotated[
        str | None,
        Field(min_length=1, max_length=ID_MAX, description="Only who has not submitted this."),
        Allowed(f"an assessment's id, {_ID_ALLOWED}"),
    ] = None


class NoQuery(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Filters(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Which learners, in which order; what is None holds nobody back."""

    sort: Sort = "contact"
    category: str | None = None
    severities: tuple[Severity, ...] = ()
    quiet_days_min: Annotated[int, Meta(ge=1, le=365)] | None = None
    score_max: _Percent | None = None
    progress_max: _Percent | None = None
    not_submitted: str | None = None
    progress_below: _Percent | None = None


class Place(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The last row of a page: the part of the order, its two keys, the learner.

    `at` is the moment of the first page, by which alerts have expired and help is long ago.
    """

    at: _Whole
    part: Annotated[int, Meta(ge=0, lt=PARTS)]
    first: Annotated[float, Meta(ge=0, lt=_LARGEST)]
    second: _Whole
    user_id: str


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    course_id: str
    filters: Filters
    place: Place


class _CoursesCursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    course_id: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a course's learners: those behind `place`."""

    course_id: str
    filters: Filters
    limit: int
    place: Place | None = None

    def parameters(self) -> dict[str, object]:
        """What the statement is given, but for the time."""
        filters, place = self.filters, self.place
        wanted = [ATTENTION[each] for each in filters.severities]
        given: dict[str, object] = {
            "course_id": self.course_id,
            "category": filters.category,
            "severities": wanted or None,
            "quiet_days": filters.quiet_days_min,
            "score_max": filters.score_max,
            "progress_max": filters.progress_max,
            "progress_below": filters.progress_below,
            "not_submitted": None
            if filters.not_submitted is None
            else short_id(filters.not_submitted),
            "limit": self.limit + 1,
            "part": 0 if place is None else place.part,
        }
        for part in range(PARTS):
            here = place is not None and place.part == part
            given |= {
                f"first_{part}": _key(filters.sort, place.first) if here and place else -1,
                f"second_{part}": place.second if here and place else -1,
                f"user_{part}": place.user_id if here and place else "",
            }
        return given


def _key(sort: Sort, first: float) -> float:
    """Days, places and times are whole numbers."""
    return first if sort in {"progress", "score"} else int(first)


def listing(course_id: str, query: LearnersQuery) -> Listing:
    """The page that is asked for; raises a 422 where the cursor is none, or of another list."""
    filters = Filters(
        sort=query.sort,
        category=_category(query.category),
        severities=names_in("severity", query.severity, SEVERITIES, SEVERITIES_ALLOWED),
        quiet_days_min=query.quiet_days_min,
        score_max=query.score_max,
        progress_max=query.progress_max,
        progress_below=query.progress_below,
        not_submitted=query.not_submitted,
    )
    if query.cursor is None:
        return Listing(course_id, filters, query.limit)
    held = cursors.read(query.cursor, _Cursor)
    _check(held)
    if held.course_id != course_id or filters not in (Filters(), held.filters):
        allowed = "a cursor of this course, alone or with the order and filters it was given with"
        raise invalid_parameter(
            ParameterError(parameter="cursor", code="other_filter", allowed=allowed)
        )
    return Listing(course_id, held.filters, query.limit, held.place)


def write_cursor(asked: Listing, place: Place) -> str:
    """The opaque text that leads to what comes behind `place`."""
    return cursors.write(_Cursor(asked.course_id, asked.filters, place))


def courses_after(cursor: str | None) -> str:
    """Behind which course a page of courses begins; raises a 422 for what is no cursor."""
    if cursor is None:
        return ""
    course_id = cursors.read(cursor, _CoursesCursor).course_id
    if not _is_text(course_id):
        raise cursors.broken()
    return course_id


def courses_cursor(course_id: str) -> str:
    """The opaque text that leads to the courses behind this one."""
    return cursors.write(_CoursesCursor(course_id))


def _check(held: _Cursor) -> None:
    """Raise a 422 for a cursor that nobody was given: keys are whole but where they are figures."""
    place, filters = held.place, held.filters
    whole = filters.sort in {"progress", "score"} or place.first.is_integer()
    texts = held.course_id, place.user_id, filters.not_submitted, filters.category
    if not whole or not _is_text(*texts):
        raise cursors.broken()


def _is_text(*values: str | None) -> bool:
    """Whether Postgres takes these."""
    return not any("\x00" in value for value in values if value is not None)


def _category(name: str | None) -> str | None:
    if name is None or name in CATEGORIES:
        return name
    raise invalid_parameter(
        ParameterError(parameter="category", code="unknown_value", allowed=_CATEGORIES_ALLOWED)
    )
