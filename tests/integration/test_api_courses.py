"""What instructors read of courses: whom they may ask about, in which order, and what is shown."""

import base64
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final, get_args
from uuid import UUID

import httpx
import msgspec
import pytest
import pytest_asyncio

from api.course_answers import behind, course_models
from api.course_query import Sort
from api.course_routes import OPERATIONS, examples
from api.parameters import END
from domain.course_facts import Assessment, CourseFacts, Module
from domain.ids import short_id
from domain.predictions import NUMBERS, Figure, Prediction
from domain.state.course import Course, Grade, Help, ModuleFact, Submission, Work
from domain.state.learner import Learner, OpenAlert, Severity
from metrics.view import Models
from runtime.settings import Settings
from tests.asking import a_token, asking, store
from tests.openapi import document, problems
from tests.sinking import T0, TODAY, a_checkpoint, a_learner, a_transition

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

PATH: Final = "/api/v1/courses"
ALGEBRA: Final = f"{PATH}/algebra"
DAY: Final = 86_400
FACTS = CourseFacts(
    course_id="algebra",
    title="Algebra",
    starts_at=T0 - 60 * DAY,
    ends_at=T0 + 40 * DAY,
    pass_mark=40.0,
    modules=(Module(id="m1"), Module(id="m2")),
    assessments=(
        Assessment(id="quiz-1", title="Quiz 1", due_at=T0 - 10 * DAY),
        Assessment(id="essay", title="Essay", due_at=T0 + 10 * DAY),
    ),
)


def alert_id(user_id: str) -> str:
    return str(UUID(int=short_id(user_id)))


def an_alert(user_id: str, severity: Severity = "medium", since: int = T0) -> OpenAlert:
    return OpenAlert(
        alert_id=UUID(alert_id(user_id)).bytes,
        rule="low_score",
        severity=severity,
        revision=1,
        raised_at=since,
        expires_at=since + 14 * DAY,
        at=since,
        course_id="algebra",
        subject="quiz-1",
        said=0,
    )


def who(  # noqa: PLR0913 - each is one thing that a list shows
    user_id: str,
    *,
    silent: int = 0,
    alert: OpenAlert | None = None,
    missing: int | None = None,
    failing: int | None = None,
    score: float | None = None,
    helped: int | None = None,
    course_id: str = "algebra",
) -> Learner:
    """A learner of a course; times of silence and help are days before T0."""
    state = a_learner(user_id, 1, days=[TODAY - silent])
    state.streak.last_day = TODAY - silent
    course = Course(course_id, enrolled_at=T0 - 50 * DAY, first_at=T0 - 50 * DAY)
    if score is not None:
        grade = Grade(T0 - DAY, TODAY - 1, 1, 0, score)
        sent = Submission(T0 - DAY, TODAY - 1)
        course.work = [Work(short_id("quiz-1"), "quiz-1", [sent], [grade])]
    if helped is not None:
        course.helped = [Help(T0 - helped * DAY, "message")]
    state.courses, state.course_ids = [course], [course_id]
    state.alerts = [] if alert is None else [alert]
    for target, value in (("next_missing", missing), ("not_passing", failing)):
        if value is not None:
            about = "essay" if target == "next_missing" else None
            number = NUMBERS[target]  # type: ignore[index]
            made = Prediction(number, course_id, about, T0, 1, [], Figure(value))
            state.predictions.append(made)
    return state


CLASS = (
    who("risky", failing=710, score=55.0),
    who("missing", missing=620, silent=2, score=80.0),
    who("likelier", missing=810),
    who("poor", alert=an_alert("poor"), score=20.0, silent=1),
    who("poor-long", alert=an_alert("poor-long", since=T0 - 5 * DAY), score=30.0),
    who("bad", alert=an_alert("bad", "high"), score=5.0),
    who("over", alert=an_alert("over", "high", since=T0 - 20 * DAY)),
    who("silent", silent=9),
    who("fine", score=90.0),
    who("helped", missing=900, helped=3),
    who("helped-long-ago", missing=990, helped=29),
    who("other", course_id="geometry"),
)
CONTACT = [
    *("helped-long-ago", "likelier", "missing", "risky", "bad", "poor-long", "poor"),
    *("silent", "fine", "over", "helped"),
]


async def filled(settings: Settings, states: Iterable[Learner] = CLASS) -> None:
    partitions = range(settings.partitions)
    told = [
        a_transition(
            state.user_id,
            str(UUID(bytes=alert.alert_id)),
            severity=alert.severity,
            course_id=alert.course_id,
            raised_at=alert.raised_at,
            at=alert.raised_at,
            expires_at=alert.expires_at,
        )
        for state in states
        for alert in state.alerts
    ]
    await store(
        settings,
        *states,
        checkpoints=[a_checkpoint(number, clock=T0 + 60) for number in partitions],
        facts={number: [FACTS] for number in partitions},
        told=told,
    )


def instructor(settings: Settings, courses: object = ("algebra",), **claims: Any) -> str:
    scope = claims.pop("scope", "courses:read courses:write")
    named = courses if isinstance(courses, str) or courses is None else list(courses)  # type: ignore[call-overload]
    return a_token(settings, "teacher", scope=scope, courses=named, **claims)


@pytest_asyncio.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The instructor's client, of a course of eleven."""
    await filled(settings)
    async with asking(settings, instructor(settings)) as made:
        yield made


async def answer(client: httpx.AsyncClient, path: str, **given: Any) -> Any:
    """A good answer, held against the document."""
    found = await client.get(path, **given)
    assert found.status_code == 200, found.text
    operation = _operation(path)
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert problems(schema, found.json()) == []
    return found.json()


def _operation(path: str) -> Any:
    depth = len(path.removeprefix(PATH).strip("/").split("/")) if path != PATH else 0
    ending = {0: "", 1: "/{course_id}", 2: "/{course_id}/learners"}
    ending[3] = "/{course_id}/learners/{user_id}"
    ending[6] = "/{course_id}/learners/{user_id}/alerts/{alert_id}/why"
    return document()["paths"][PATH + ending[depth]]["get"]


async def users(client: httpx.AsyncClient, **params: Any) -> list[Any]:
    found = await answer(client, f"{ALGEBRA}/learners", params=params)
    return [item["user_id"] for item in found["items"]]


async def test_the_list_says_whom_to_contact_first_and_leaves_nobody_out(
    client: httpx.AsyncClient,
) -> None:
    found = await answer(client, f"{ALGEBRA}/learners")
    assert [item["user_id"] for item in found["items"]] == CONTACT
    reasons = {item["user_id"]: item["reason"] for item in found["items"]}
    assert reasons["missing"] == reasons["helped"] == "next_missing"
    assert (reasons["risky"], reasons["bad"]) == ("not_passing", "alert")
    assert {reasons[name] for name in ("over", "silent", "fine")} == {"none"}
    assert (found["next_cursor"], found["freshness"]["as_of"]) == (None, "2025-10-09T08:54:20Z")


async def test_an_item_says_why_since_when_and_what_was_tried(client: httpx.AsyncClient) -> None:
    found = await answer(client, f"{ALGEBRA}/learners")
    items = {item["user_id"]: item for item in found["items"]}
    bad = items["bad"]
    assert (bad["attention"]["severity"], bad["scores"], bad["average_score"]) == ("high", [5], 5)
    (alert,) = bad["attention"]["alerts"]
    assert alert["message"] == {
        "code": "alert.low_score.message.third",
        "params": {"score": 35, "pass_mark": 40, "title": "Quiz 1", "date": "9 October"},
        "text": "35% in Quiz 1 on 9 October; the pass mark is 40%",
    }
    assert (alert["since"], alert["evidence"][0]["value"]) == (bad["attention"]["since"], 35)
    assert items["over"]["attention"] is None
    assert (items["missing"]["next_missing"], items["risky"]["not_passing"]) == (0.62, 0.71)
    helped, long_ago = items["helped"]["helped"], items["helped-long-ago"]["helped"]
    assert (helped["kinds"], helped["recently"], long_ago["recently"]) == (["message"], True, False)
    assert items["silent"]["days"] == [*[0] * 18, 3, *[0] * 9]
    assert items["silent"]["last_work_on"] == "2025-09-30"
    assert items["fine"]["progress"] == 0


async def test_pages_follow_on_each_other_in_every_order(client: httpx.AsyncClient) -> None:
    for sort in get_args(Sort):
        for limit in (1, 3, 10):
            await follow(client, sort, limit)


async def follow(client: httpx.AsyncClient, sort: str, limit: int) -> None:
    """All pages together are the whole list, nobody twice."""
    whole = await users(client, sort=sort)
    assert len(whole) == len(set(whole)) == 11
    params: dict[str, Any] = {"sort": sort, "limit": limit}
    pages: list[Any] = []
    while True:
        found = await answer(client, f"{ALGEBRA}/learners", params=params)
        pages += [item["user_id"] for item in found["items"]]
        if found["next_cursor"] is None:
            break
        assert len(found["items"]) == limit
        params = {"cursor": found["next_cursor"], "limit": limit}
    assert pages == whole


async def test_the_other_orders_are_by_column_with_the_unknown_last(
    client: httpx.AsyncClient,
) -> None:
    scores = await answer(client, f"{ALGEBRA}/learners", params={"sort": "score"})
    averages = [item["average_score"] for item in scores["items"]]
    assert averages == [5, 20, 30, 55, 80, 90, None, None, None, None, None]
    quiet = await answer(client, f"{ALGEBRA}/learners", params={"sort": "quiet"})
    assert [item["user_id"] for item in quiet["items"]][:3] == ["silent", "missing", "poor"]


async def test_filters_hold_the_list_to_whom_they_name(client: httpx.AsyncClient) -> None:
    assert await users(client, severity="high") == ["bad"]
    assert await users(client, severity="medium,high") == ["bad", "poor-long", "poor"]
    assert await users(client, quiet_days_min=2) == ["missing", "silent"]
    assert await users(client, score_max=30) == ["bad", "poor-long", "poor"]
    assert await users(client, category="low_score", score_max=20) == ["bad", "poor"]
    assert await users(client, not_submitted="quiz-1") == [
        *("helped-long-ago", "likelier", "silent", "over", "helped")
    ]
    assert len(await users(client, progress_max=0)) == 11
    assert await users(client, progress_below=0) == []
    assert await users(client, category="low_score") == ["bad", "poor-long", "poor"]  # not expired
    assert await users(client, category="at_risk") == []


def cursor(**changes: Any) -> str:
    held = {
        "course_id": "algebra",
        "filters": ["contact", None, [], None, None, None, None],
        "place": [T0, 0, 200, 0, "x"],
    }
    data = msgspec.json.encode(list({**held, **changes}.values()))
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


REFUSED: Final[list[tuple[Any, str, str]]] = [
    ({"limit": 0}, "limit", "out_of_range"),
    ({"limit": 101}, "limit", "out_of_range"),
    ({"limit": "1_0"}, "limit", "wrong_type"),
    ({"sort": "name"}, "sort", "unknown_value"),
    ({"category": "streak_milestone"}, "category", "unknown_value"),
    ({"severity": "grave"}, "severity", "unknown_value"),
    ({"quiet_days_min": 366}, "quiet_days_min", "out_of_range"),
    ({"score_max": "nan"}, "score_max", "wrong_type"),
    ({"score_max": 101}, "score_max", "out_of_range"),
    ({"progress_below": -1}, "progress_below", "out_of_range"),
    ({"not_submitted": ""}, "not_submitted", "wrong_type"),
    ({"cursor": "x"}, "cursor", "broken"),
    ({"cursor": cursor(place=[T0, 0, 200, 0, "\x00"])}, "cursor", "broken"),
    ({"cursor": cursor(place=[T0, 0, 0.5, 0, "x"])}, "cursor", "broken"),
    ({"cursor": cursor(place=[T0, 3, 1, 0, "x"])}, "cursor", "broken"),
    ({"cursor": cursor(place=[T0, 0, 1 << 50, 0, "x"])}, "cursor", "broken"),
    ({"cursor": cursor(course_id="geometry")}, "cursor", "other_filter"),
    ({"cursor": cursor(), "sort": "quiet"}, "cursor", "other_filter"),
    ({"cursor": cursor(), "score_max": 5}, "cursor", "other_filter"),
    ({"user_id": "ada"}, "user_id", "unknown_parameter"),
    ([("limit", 1), ("limit", 1)], "limit", "repeated"),
]


async def test_what_cannot_be_taken_is_refused_by_its_name(client: httpx.AsyncClient) -> None:
    for params, parameter, code in REFUSED:
        found = await client.get(f"{ALGEBRA}/learners", params=params)
        assert found.status_code == 422, (params, found.text)
        (error,) = found.json()["errors"]
        assert (error["parameter"], error["code"]) == (parameter, code), params
        assert error["allowed"]


async def test_a_cursor_at_any_place_that_is_one_is_taken(client: httpx.AsyncClient) -> None:
    largest = END
    for place in ([largest, 2, largest, largest, "x"], [T0, 1, largest, 0, ""], [0, 0, 0, 0, "x"]):
        await answer(client, f"{ALGEBRA}/learners", params={"cursor": cursor(place=place)})


async def test_who_may_not_ask_does_not_learn_what_there_is(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    for token, course, status in (
        (instructor(settings), "geometry", 403),
        (instructor(settings), "never-heard-of", 403),
        (instructor(settings, "*"), "never-heard-of", 404),
        (instructor(settings, "*"), "geometry", 200),
        (instructor(settings, ["*"]), "geometry", 200),
        (instructor(settings, ["a\x00"]), "a%00", 404),
        (instructor(settings, scope="progress:read:any"), "algebra", 403),
        (instructor(settings, scope="courses:write"), "algebra", 403),
        (instructor(settings, "algebra"), "algebra", 403),
        (instructor(settings, None), "algebra", 403),
        ("none", "algebra", 401),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        for path in (f"{PATH}/{course}", f"{PATH}/{course}/learners"):
            found = await client.get(path, headers=headers)
            assert found.status_code == status, (path, found.text)
    foreign = await client.get(f"{PATH}/geometry")
    assert foreign.json()["detail"] == "the token's claim courses does not name this course"


async def test_courses_are_those_that_the_token_names_and_that_there_are(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    (item,) = (await answer(client, PATH))["items"]
    assert item == {
        "course_id": "algebra",
        "title": "Algebra",
        "course_status": "active",
        "starts_on": "2025-08-10",
        "ends_on": "2025-11-18",
        "learners": 11,
        "with_attention": 3,
    }
    every = {"Authorization": f"Bearer {instructor(settings, '*')}"}
    first = await answer(client, PATH, params={"limit": 1}, headers=every)
    assert [each["course_id"] for each in first["items"]] == ["algebra"]
    params = {"limit": 1, "cursor": first["next_cursor"]}
    second = await answer(client, PATH, params=params, headers=every)
    assert [each["course_id"] for each in second["items"]] == ["geometry"]
    assert (second["items"][0]["title"], second["next_cursor"]) == (None, None)
    nothing = {"Authorization": f"Bearer {instructor(settings, ['no-such'])}"}
    assert (await answer(client, PATH, headers=nothing))["items"] == []
    bad = await client.get(PATH, params={"cursor": cursor()})
    assert (bad.status_code, bad.json()["errors"][0]["code"]) == (422, "broken")


async def test_a_course_in_figures_counts_what_the_list_shows(client: httpx.AsyncClient) -> None:
    found = await answer(client, ALGEBRA)
    assert (found["learners"], found["with_attention"], found["with_high_attention"]) == (11, 3, 1)
    assert (found["silent_7_days"], found["helped_28_days"]) == (1, 1)
    assert (found["missing_likely"], found["not_passing_likely"]) == (4, 1)
    assert found["categories"] == [
        {"category": "low_score", "title": "Low Assessment Score", "learners": 3}
    ]
    assert found["average_score"] == {"low": 22.5, "median": 42.5, "high": 73.8}
    assert (found["expected_progress"], found["behind_below"]) == (60.0, 54.0)
    assert [(each["assessment_id"], each["open"]) for each in found["assessments"]] == [
        ("quiz-1", 5),
        ("essay", 11),
    ]
    assert (found["timezone"], found["gate_open"]) == ("UTC", None)
    assert [(each["name"], each["status"], each["missing"]) for each in found["models"]] == [
        (name, "insufficient_data", [{"code": "examples", "have": 0, "need": 500}])
        for name in ("next_missing", "not_passing")
    ]


async def test_who_is_behind_is_counted_as_the_list_is_held_to_them(settings: Settings) -> None:
    """The schedule expects 60 %: who has done less than nine tenths of that is behind."""
    half, whole, none = who("half"), who("whole"), who("none")
    for state, done in ((half, ["m1"]), (whole, ["m1", "m2"])):
        state.courses[0].modules = [
            ModuleFact(short_id(name), T0 - DAY, TODAY - 1, done=True) for name in done
        ]
    await filled(settings, [half, whole, none])
    async with asking(settings, instructor(settings)) as client:
        found = await answer(client, ALGEBRA)
        assert (found["behind"], found["behind_below"]) == (2, 54.0)
        assert await users(client, progress_below=found["behind_below"]) == ["half", "none"]
        assert await users(client, progress_below=50) == ["none"]  # who stands on it is not below


def test_nobody_is_behind_where_nothing_is_expected_and_who_stands_on_the_bar_is_not() -> None:
    reached = {35.9: 1, 36.0: 2, 36.0 - 1e-12: 4, 36.1: 8}
    assert behind(reached, 36.0) == 1
    assert behind(reached, None) is None
    assert behind({}, 36.0) == 0


def test_while_the_models_cannot_be_read_nothing_is_said_of_them() -> None:
    for models in (None, Models(newest=7)):
        gate_open, found = course_models(models, "algebra")
        assert gate_open is None
        assert [(each.status, each.missing, each.judged) for each in found] == [
            ("unavailable", [], 0),
            ("unavailable", [], 0),
        ]


async def test_instructors_are_told_why_an_alert_came_that_is_for_them(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    path = f"{ALGEBRA}/learners/bad/alerts/{alert_id('bad')}/why"
    why = await answer(client, path)
    assert why["message"] == "35% in Quiz 1 on 9 October; the pass mark is 40%"
    assert why["message_code"] == "alert.low_score.message.third"
    assert why["rule"]["name"] == "low_score"
    assert {each["setting"] for each in why["thresholds_now"]} >= {"low_score.default_pass_mark"}
    for other in (
        f"{ALGEBRA}/learners/bad/alerts/{alert_id('poor')}/why",
        f"{ALGEBRA}/learners/poor/alerts/{alert_id('bad')}/why",
        f"{ALGEBRA}/learners/bad/alerts/none/why",
        f"{ALGEBRA}/learners/other/alerts/{alert_id('bad')}/why",
    ):
        assert (await client.get(other)).status_code == 404, other
    foreign = {"Authorization": f"Bearer {instructor(settings, ['geometry'])}"}
    assert (await client.get(path, headers=foreign)).status_code == 403


async def test_what_instructors_are_not_told_of_has_no_why(settings: Settings) -> None:
    """Suppressed, for the learner alone, or of another course: an id says nothing."""
    ids = [str(UUID(int=number)) for number in (1, 2, 3)]
    await store(
        settings,
        who("ada"),
        facts={number: [FACTS] for number in range(settings.partitions)},
        told=[
            a_transition("ada", ids[0], state="suppressed", suppressed_reason="muted"),
            a_transition("ada", ids[1], audience=("learner",)),
            a_transition("ada", ids[2], course_id="geometry"),
        ],
    )
    async with asking(settings, instructor(settings)) as client:
        for name in ids:
            found = await client.get(f"{ALGEBRA}/learners/ada/alerts/{name}/why")
            assert (found.status_code, found.json()["code"]) == (404, "not_found")


async def test_quartiles_of_fewer_than_five_are_not_told(settings: Settings) -> None:
    await filled(settings, CLASS[:4])
    async with asking(settings, instructor(settings)) as client:
        found = await answer(client, ALGEBRA)
    assert (found["learners"], found["average_score"], found["progress"]) == (4, None, None)


async def test_a_learner_is_shown_in_this_course_alone(settings: Settings) -> None:
    ada = who("ada", alert=an_alert("ada"), score=20.0, missing=700, failing=640, helped=2)
    elsewhere = who("ada", course_id="geometry", score=77.0, failing=910).courses[0]
    ada.courses.append(elsewhere)
    ada.course_ids.append("geometry")
    secret = OpenAlert(
        UUID(int=9).bytes, "low_score", "high", 1, T0, T0 + DAY, T0, "geometry", "quiz-1", 0
    )
    ada.alerts.append(secret)
    await filled(settings, [ada])
    async with asking(settings, instructor(settings)) as client:
        found = await answer(client, f"{ALGEBRA}/learners/ada")
        text = json.dumps(found)
        assert "geometry" not in text
        assert str(UUID(int=9)) not in text
        assert [each["score"] for each in found["assessments"]] == [20, None]
        assert found["progress"]["average_score"] == 20
        (alert,) = found["alerts"]
        assert alert["message"]["text"].startswith("35% in Quiz 1")
        assert [each["state"] for each in found["alert_history"]] == ["open"]
        (helped,) = found["helped"]
        assert helped == {"at": "2025-10-07T08:53:20Z", "kind": "message", "alert_ids": []}
        assert len(found["days"]) == 28
        listed = await answer(client, f"{ALGEBRA}/learners")
        assert listed["items"][0]["progress"] == found["progress"]["progress"]
        assert " you" not in text.lower()


async def test_who_is_not_in_the_course_is_not_found(client: httpx.AsyncClient) -> None:
    for name in ("other", "nobody", "a%00", "x" * 129):
        for found in (
            await client.get(f"{ALGEBRA}/learners/{name}"),
            await client.post(f"{ALGEBRA}/learners/{name}/help", json={"kind": "message"}),
        ):
            assert (found.status_code, found.json()["code"]) == (404, "not_found"), name


async def test_who_left_is_not_in_the_course_any_more(settings: Settings) -> None:
    left = who("left", score=20.0)
    left.courses[0].unenrolled_at = T0
    await filled(settings, [left])
    async with asking(settings, instructor(settings)) as client:
        assert (await client.get(f"{ALGEBRA}/learners/left")).status_code == 404
        assert await users(client) == []


async def test_the_same_answer_is_not_sent_again(client: httpx.AsyncClient) -> None:
    for path in (PATH, ALGEBRA, f"{ALGEBRA}/learners", f"{ALGEBRA}/learners/fine"):
        first = await client.get(path)
        assert first.headers["cache-control"] == "private, no-cache"
        again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        for spelled in (f"{path}/", path):
            assert (await client.head(spelled)).status_code == 200


async def test_ids_with_slashes_and_odd_letters_are_found(settings: Settings) -> None:
    state = who("é/b ?#", course_id="a/b")
    await filled(settings, [state])
    async with asking(settings, instructor(settings, ["a/b"])) as client:
        found = await client.get(f"{PATH}/a%2Fb/learners")
        assert [each["user_id"] for each in found.json()["items"]] == ["é/b ?#"]
        one = await client.get(f"{PATH}/a%2Fb/learners/%C3%A9%2Fb%20%3F%23")
        assert (one.status_code, one.json()["user_id"]) == (200, "é/b ?#")
        for path, status in (
            ("/a%2Fb/learners/learners", 404),
            ("/a%2Flearners%2Fb", 403),
            ("/a/learners/b", 403),
            ("/a%2Fb/pupils", 404),
        ):
            assert (await client.get(PATH + path)).status_code == status, path
        for path, method, allowed in (
            ("/a%2Fb/learners", "POST", "GET, HEAD"),
            ("/a%2Fb/learners/x/help", "GET", "POST"),
            ("", "POST", "GET, HEAD"),
        ):
            refused = await client.request(method, PATH + path)
            assert (refused.status_code, refused.headers["allow"]) == (405, allowed), path


def test_every_operation_is_documented_with_an_answer() -> None:
    answered = [each for each in OPERATIONS if each.answer is not None]
    assert examples().keys() == {each.name for each in answered}
    paths = document()["paths"]
    stream = paths[f"{PATH}/{{course_id}}/stream"]["get"]["responses"]["200"]["content"]
    assert stream.keys() == {"text/event-stream"}
    for operation in answered:
        path = PATH + operation.path
        said = paths[path][operation.method.lower()]
        status = "202" if operation.method == "POST" else "200"
        content = said["responses"][status]["content"]["application/json"]
        assert problems(content["schema"], content["example"]) == []
        assert said["security"] == [{"HTTPBearer": []}]
