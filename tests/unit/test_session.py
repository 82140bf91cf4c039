"""Sign-in of the page: tickets that are good once, and a cookie that only our own page can use."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from functools import cache, partial
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from fastapi import FastAPI

from api.app import create_app
from api.problems import ProblemError
from api.tickets import REFUSED_MAX, Tickets
from contracts.alert_event import instant
from operations.token import issue, issue_ticket
from runtime.clock import WallClock
from runtime.errors import UsageError
from runtime.settings import Settings
from runtime.tickets import TICKET_SECONDS, Access, make_ticket, page_link
from tests.sinking import T0, StoppedClock

BASE = "http://127.0.0.1:8000"
SESSION = "/api/v1/session"
OWN = {"Sec-Fetch-Site": "same-origin"}
JSON = {**OWN, "Content-Type": "application/json"}
ALL_METHODS = ("GET", "POST", "DELETE")


def settings(**given: Any) -> Settings:
    return Settings.model_validate(
        {
            "KAFKA_BOOTSTRAP": "none:1",
            "DATABASE_URL": "postgresql://none",
            "jwt_secret": "s" * 32,
            "embedded": True,
            **given,
        }
    )


def a_ticket(user: str = "ada", *, age: int = 0, **given: Any) -> str:
    return make_ticket(
        given.pop("secret", "s" * 32),
        audience=given.pop("audience", "learnstream"),
        user=user,
        now=WallClock().now() - age,
        access=Access(**given),
    )


def a_token(user: str = "ada", ttl: int = 600, scope: str = "", courses: str = "") -> str:
    return issue(
        settings(),
        user=user,
        scope=scope,
        lifetime=timedelta(seconds=ttl),
        clock=WallClock(),
        courses=courses,
    )


@cache
def an_app(**given: Any) -> FastAPI:
    """Made once for each kind of settings, as that takes two seconds."""
    return create_app(settings(**given), WallClock())


def a_client(base: str = BASE, **given: Any) -> httpx.AsyncClient:
    app = an_app(**given)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=base)


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with a_client() as made:
        yield made


async def begin(client: httpx.AsyncClient, ticket: str | None = None) -> httpx.Response:
    body = {} if ticket is None else {"ticket": ticket}
    return await client.post(SESSION, json=body, headers=OWN)


def is_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert "set-cookie" not in answer.headers


async def test_a_ticket_becomes_a_cookie_that_no_script_can_read(client: httpx.AsyncClient) -> None:
    answer = await begin(client, a_ticket())
    assert answer.status_code == 200
    assert answer.json()["user_id"] == "ada"
    assert answer.json()["views"] == ["learner"]
    name, _, rest = answer.headers["set-cookie"].partition("=")
    assert name == "learnstream-8000"
    attributes = {each.strip().lower() for each in rest.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= attributes
    assert answer.headers["cache-control"] == "no-store"
    shown = await client.get(SESSION, headers=OWN)
    assert shown.json() == answer.json()


async def test_a_ticket_of_an_operator_reads_what_operators_do_and_no_other_learner(
    client: httpx.AsyncClient,
) -> None:
    assert (await begin(client, a_ticket(operates=True))).json()["views"] == ["learner", "operator"]
    assert (await client.get("/api/v1/operations", headers=OWN)).status_code == 200
    assert (await client.get("/api/v1/models", headers=OWN)).status_code == 503  # no database
    page = "/api/v1/progress/performance-alerts"
    assert (await client.get(f"{page}?user_id=bob", headers=OWN)).status_code == 403
    assert (await client.get("/api/v1/courses", headers=OWN)).status_code == 403
    client.cookies.clear()
    await begin(client, a_ticket())
    assert (await client.get("/api/v1/operations", headers=OWN)).status_code == 403


async def test_a_ticket_is_good_once(client: httpx.AsyncClient) -> None:
    ticket = a_ticket()
    assert (await begin(client, ticket)).status_code == 200
    client.cookies.clear()
    again = await begin(client, ticket)
    is_problem(again, 401, "unauthorized")
    assert "used before" in again.json()["detail"]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (partial(a_ticket, age=TICKET_SECONDS), "expired"),
        (partial(a_ticket, secret="t" * 32), "none of this stack"),
        (partial(a_ticket, audience="another"), "none of this stack"),
        (a_token, "none of this stack"),  # a token of the API is no ticket
        (partial(a_ticket, ""), "names no learner"),
        (partial(a_ticket, "x" * 129), "names no learner"),
        (partial(a_ticket, courses=[7]), "courses by something else"),
        (partial(a_ticket, learners=["bob", 7]), "learners by something else"),
        (partial(a_ticket, operates="yes"), "who operates"),
        (lambda: "no ticket", "none of this stack"),
        (lambda: "", "none of this stack"),
    ],
    ids=[
        "old",
        "another's",
        "elsewhere",
        "token",
        "nobody",
        "too long",
        "courses",
        "learners",
        "operates",
        "no JWT",
        "nothing",
    ],
)
async def test_what_is_no_good_ticket_is_refused(
    client: httpx.AsyncClient, made: Callable[[], str], why: str
) -> None:
    ticket = made()  # not when tests are collected, which may be an hour before
    answer = await begin(client, ticket)
    is_problem(answer, 401, "unauthorized")
    assert why in answer.json()["detail"]
    assert ticket == "" or ticket not in answer.text


async def test_a_ticket_just_before_its_end_is_good(client: httpx.AsyncClient) -> None:
    assert (await begin(client, a_ticket(age=TICKET_SECONDS - 5))).status_code == 200


async def test_a_ticket_is_no_token_of_the_api(client: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {a_ticket()}"}
    answer = await client.get("/api/v1/progress/real-time-dashboard", headers=headers)
    is_problem(answer, 401, "unauthorized")
    is_problem(await client.post(SESSION, json={}, headers={**headers, **OWN}), 401, "unauthorized")


def test_after_many_refused_tickets_none_is_looked_at_until_the_minute_is_over() -> None:
    clock = StoppedClock(T0)
    tickets = Tickets(settings(), clock)
    good = make_ticket("s" * 32, audience="learnstream", user="ada", now=T0)
    for _ in range(REFUSED_MAX):
        with pytest.raises(ProblemError) as refused:
            tickets.redeem("wrong")
        assert refused.value.status == 401
    with pytest.raises(ProblemError) as refused:
        tickets.redeem(good)
    assert refused.value.status == 429
    clock._now += 60
    assert tickets.redeem(good)


def test_what_is_remembered_of_tickets_goes_with_them() -> None:
    clock = StoppedClock(T0)
    tickets = Tickets(settings(), clock)
    for _ in range(3):
        tickets.redeem(make_ticket("s" * 32, audience="learnstream", user="a", now=clock.now()))
        clock._now += TICKET_SECONDS
    assert len(tickets._taken) == 1


async def test_the_body_of_a_session_is_judged(client: httpx.AsyncClient) -> None:
    for body in ({"ticket": 1}, {"ticket": "x" * 3_000}, {"other": "x"}):
        answer = await client.post(SESSION, json=body, headers=OWN)
        is_problem(answer, 422, "invalid_parameter")


@pytest.mark.parametrize("site", ["same-site", "cross-site", "none", None, ""])
@pytest.mark.parametrize("method", ALL_METHODS)
async def test_a_request_that_is_not_our_own_pages_is_refused(
    client: httpx.AsyncClient, method: str, site: str | None
) -> None:
    await begin(client, a_ticket())
    headers = {"Content-Type": "application/json"}
    if site is not None:
        headers["Sec-Fetch-Site"] = site
    for path in (
        *(SESSION, f"{SESSION}/", "/api/v1/progress/real-time-dashboard", "/api/v1/models"),
        "/api/v1/progress/goals/g",
    ):
        answer = await client.request(method, path, headers=headers)
        is_problem(answer, 403, "forbidden")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_what_is_written_with_the_cookie_must_be_json(
    client: httpx.AsyncClient, kind: str | None
) -> None:
    await begin(client, a_ticket())
    headers = OWN if kind is None else {**OWN, "Content-Type": kind}
    page = "/api/v1/progress/performance-alerts"
    for method, path in [
        ("POST", SESSION),
        ("PUT", f"{page}/preferences"),
        ("POST", f"{page}/01e81189-659c-54e1-bc07-2dd0f2f383f5/acknowledge"),
        ("PUT", "/api/v1/progress/goals/g"),
    ]:
        answer = await client.request(method, path, headers=headers, content=b"{}")
        is_problem(answer, 415, "unsupported_media_type")


async def test_the_cookie_and_a_bearer_token_are_not_taken_together(
    client: httpx.AsyncClient,
) -> None:
    await begin(client, a_ticket())
    headers = {**OWN, "Authorization": f"Bearer {a_token()}"}
    for path in (SESSION, "/api/v1/progress/real-time-dashboard"):
        is_problem(await client.get(path, headers=headers), 400, "bad_request")


async def test_an_embedded_stack_answers_its_page_on_this_machine_only(
    client: httpx.AsyncClient,
) -> None:
    cookie = (await begin(client, a_ticket())).headers["set-cookie"].partition(";")[0]
    client.cookies.clear()
    for host in ("evil.example:8000", "127.0.0.1.evil.example", "evil.example", "[::2]:8000"):
        headers = {**JSON, "Host": host, "Cookie": cookie}
        for method in ALL_METHODS:
            answer = await client.request(method, SESSION, headers=headers, content=b"{}")
            is_problem(answer, 421, "misdirected_request")
        answer = await client.get("/api/v1/models", headers=headers)
        is_problem(answer, 421, "misdirected_request")
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST", "[::1]"):
        headers = {**OWN, "Host": host, "Cookie": cookie}
        assert (await client.get(SESSION, headers=headers)).status_code == 200, host


async def test_the_cookie_of_another_port_is_not_heeded(client: httpx.AsyncClient) -> None:
    headers = {**OWN, "Cookie": f"learnstream-8001={a_token()}; __Host-learnstream={a_token()}"}
    is_problem(await client.get(SESSION, headers=headers), 401, "unauthorized")


async def test_a_foreign_or_spent_cookie_is_no_session(client: httpx.AsyncClient) -> None:
    for value in ("no-token", a_token(ttl=-61), a_ticket(), "caf\u00e9".encode("latin-1")):
        name = b"learnstream-8000="
        cookie = name + (value if isinstance(value, bytes) else value.encode())
        headers = {b"Sec-Fetch-Site": b"same-origin", b"Cookie": cookie}
        for path in (SESSION, "/api/v1/progress/real-time-dashboard"):
            is_problem(await client.get(path, headers=headers), 401, "unauthorized")


async def test_a_session_lasts_no_longer_than_its_token(client: httpx.AsyncClient) -> None:
    token = a_token(ttl=120)
    headers = {**OWN, "Authorization": f"Bearer {token}"}
    answer = await client.post(SESSION, json={}, headers=headers)
    exp = jwt.decode(token, options={"verify_signature": False})["exp"]
    assert answer.json()["expires_at"] == instant(exp)
    assert "expires=" in answer.headers["set-cookie"].lower()


async def test_a_token_for_ever_makes_a_session_until_the_year_9999(
    client: httpx.AsyncClient,
) -> None:
    for exp in (10**12, 1e300):
        claims = {"sub": "ada", "aud": "learnstream", "exp": exp}
        token = jwt.encode(claims, "s" * 32, algorithm="HS256")
        headers = {**OWN, "Authorization": f"Bearer {token}"}
        answer = await client.post(SESSION, json={}, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["expires_at"] == "9999-12-31T23:59:59Z"
        client.cookies.clear()


async def test_elsewhere_the_cookie_is_of_one_host_and_made_of_the_providers_token() -> None:
    async with a_client("https://learn.example.org", embedded=False) as client:
        is_problem(await begin(client, a_ticket()), 401, "unauthorized")
        is_problem(await begin(client), 401, "unauthorized")
        headers = {**OWN, "Authorization": f"Bearer {a_token()}"}
        answer = await client.post(SESSION, json={}, headers=headers)
        cookie: str = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-learnstream=")
        assert "secure" in cookie.lower()
        assert "domain=" not in cookie.lower()
        shown = await client.get(SESSION, headers=OWN)
        assert shown.json()["user_id"] == "ada"


async def test_signing_out_takes_the_cookie_back(client: httpx.AsyncClient) -> None:
    await begin(client, a_ticket())
    answer = await client.delete(SESSION, headers=OWN)
    assert (answer.status_code, answer.content) == (204, b"")
    is_problem(await client.get(SESSION, headers=OWN), 401, "unauthorized")
    assert (await client.delete(SESSION, headers=OWN)).status_code == 204


async def test_a_bearer_token_works_as_before_without_a_cookie(client: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {a_token()}", "Cookie": "other=1"}
    answer = await client.get("/api/v1/models", headers=headers)
    is_problem(answer, 403, "forbidden")  # it lacks a scope: it was taken


async def test_the_session_says_where_links_lead() -> None:
    template = "https://lms.example.org/{course_id}/{kind}/{id}"
    learners = "https://lms.example.org/user/{user_id}"
    async with a_client(lms_url=template, learner_url=learners) as client:
        shown = (await begin(client, a_ticket())).json()
    assert (shown["lms_url"], shown["learner_url"]) == (template, learners)


@pytest.mark.parametrize(
    "template",
    [
        "javascript:alert(1)",
        "https://lms.example.org/{user}",
        "https://{id}@lms.example.org/",
        "//lms.example.org",
        "https://lms.example.org/<x>",
    ],
)
def test_a_template_that_leads_elsewhere_is_refused_at_start(template: str) -> None:
    with pytest.raises(ValueError, match="lms_url"):
        settings(lms_url=template)


def test_tickets_are_signed_for_embedded_stacks_only() -> None:
    with pytest.raises(UsageError, match="embedded mode only"):
        issue_ticket(settings(embedded=False), user="ada", clock=WallClock())
    link = page_link(BASE, issue_ticket(settings(), user="ada", clock=WallClock()))
    assert link.startswith(f"{BASE}/#ticket=ey")


async def test_a_ticket_that_names_courses_opens_these_and_nothing_else(
    client: httpx.AsyncClient,
) -> None:
    shown = (await begin(client, a_ticket(courses=["c1", "a,b"]))).json()
    assert (shown["views"], shown["may_note_help"]) == (["learner", "instructor"], True)
    claims = claims_of(dict(client.cookies))
    assert claims["courses"] == ["c1", "a,b"]
    assert claims["scope"] == "courses:read courses:write"
    for path in ("/api/v1/courses/c2", "/api/v1/models"):
        is_problem(await client.get(path, headers=OWN), 403, "forbidden")
    other = "/api/v1/progress/real-time-dashboard?user_id=bob"
    is_problem(await client.get(other, headers=OWN), 403, "forbidden")


async def be(client: httpx.AsyncClient, learner: str, **more: str) -> httpx.Response:
    return await client.post(SESSION, json={"learner": learner, **more}, headers=OWN)


async def test_a_session_of_a_demo_goes_on_as_another_of_its_learners(
    client: httpx.AsyncClient,
) -> None:
    ticket = a_ticket(courses=["*"], operates=True, learners=["ada", "bob"])
    first = (await begin(client, ticket)).json()
    assert first["learners"] == ["ada", "bob"]
    for name in ("bob", "bob", "ada"):
        shown = await be(client, name)
        assert shown.json() == {**first, "user_id": name}
        assert (await client.get(SESSION, headers=OWN)).json() == shown.json()


async def test_a_ticket_can_begin_as_another_learner_of_its_demo(client: httpx.AsyncClient) -> None:
    shown = await be(client, "bob", ticket=a_ticket(learners=["ada", "bob"]))
    assert shown.json()["user_id"] == "bob"


async def test_nobody_becomes_a_learner_whom_no_demo_names(client: httpx.AsyncClient) -> None:
    is_problem(await be(client, "ada"), 401, "unauthorized")
    await begin(client, a_ticket(courses=["*"], operates=True))
    for name in ("bob", "ada"):
        is_problem(await be(client, name), 403, "forbidden")
    await begin(client, a_ticket(learners=["ada"]))
    for name in ("bob", "", "*"):
        is_problem(await be(client, name), 403, "forbidden")
    assert (await client.get(SESSION, headers=OWN)).json()["user_id"] == "ada"


async def test_learners_in_a_providers_token_are_not_heeded() -> None:
    claims = {"sub": "ada", "aud": "learnstream", "exp": 10**10, "learners": ["bob"]}
    token = jwt.encode(claims, "s" * 32, algorithm="HS256")
    async with a_client("https://learn.example.org", embedded=False) as client:
        headers = {**OWN, "Authorization": f"Bearer {token}"}
        begun = await client.post(SESSION, json={}, headers=headers)
        assert begun.json()["learners"] == []
        is_problem(await be(client, "bob"), 403, "forbidden")


@pytest.mark.parametrize(
    ("scope", "courses", "views", "may_note_help"),
    [
        ("", "", ["learner"], False),
        ("courses:read", "c1", ["learner", "instructor"], False),
        ("courses:read courses:write", "*", ["learner", "instructor"], True),
        ("operations:read", "", ["learner", "operator"], False),
        ("models:read", "", ["learner"], False),
        ("courses:read operations:read", "c1", ["learner", "instructor", "operator"], False),
        ("courses:read courses:write", "", ["learner"], False),
        ("courses:write", "c1", ["learner"], False),
        ("progress:read:any models:read", "", ["learner"], False),
    ],
)
async def test_a_session_has_the_views_of_its_scopes_and_its_claim(
    client: httpx.AsyncClient, scope: str, courses: str, views: list[str], *, may_note_help: bool
) -> None:
    token = a_token(scope=scope, courses=courses)
    headers = {**OWN, "Authorization": f"Bearer {token}"}
    shown = (await client.post(SESSION, json={}, headers=headers)).json()
    assert (shown["views"], shown["may_note_help"]) == (views, may_note_help)


def claims_of(cookies: Mapping[str, str]) -> dict[str, Any]:
    (token,) = cookies.values()
    return dict(jwt.decode(token, options={"verify_signature": False}))


async def test_the_cookie_holds_a_token_with_no_scope() -> None:
    async with a_client(jwt_issuer="https://issuer.example") as client:
        await begin(client, a_ticket())
        claims = claims_of(dict(client.cookies))
        assert set(claims) == {"sub", "aud", "iat", "exp", "iss"}
        assert (await client.get(SESSION, headers=OWN)).status_code == 200
