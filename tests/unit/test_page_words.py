"""The texts of the page: two catalogues that say the same, and no text from anywhere else."""

import json
import re
import string
from pathlib import Path
from typing import get_args

import pytest

from api.course_query import CATEGORIES, Sort
from api.health import NotReady
from api.site import LANGUAGES, WEB, catalogue
from contracts.remedies import REMEDIES
from domain.alerts import Resolution, Unit
from domain.events.activity import GoalMetric, HelpKind
from domain.predictions import TARGETS
from domain.rules import MODEL_RULES, RULES
from domain.state.learner import Severity
from metrics.shapes import MissingCode

ROOT = WEB.parent
CODES = {language: catalogue(language) for language in LANGUAGES}
SCRIPTS = [file for file in sorted(WEB.rglob("*.js")) if "vendor" not in file.parts]
PLURALS = (".one", ".other")
ANSWERS = re.findall(
    r'"([a-z_]+)"',
    re.findall(r"const ANSWERS = \[(.*?)\]", (WEB / "views" / "wrong.js").read_text())[0],
)
"""What keeps the pages from being answered, as the operators' view has it."""


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("folder", "begins"),
    [
        *((WEB / "words", begins) for begins in ("", "courses.", "operations.")),
        (WEB.parent / "docs" / "i18n", ""),
    ],
)
def test_each_language_has_the_codes_of_the_other_in_the_same_order(
    folder: Path, begins: str
) -> None:
    known = [list(json.loads((folder / f"{begins}{each}.json").read_text())) for each in LANGUAGES]
    assert known[0] == known[1]


def test_no_code_stands_in_two_catalogues() -> None:
    """What comes later would hide what was there, in one language and not in the other."""
    codes = [
        code
        for begins in ("", "courses.", "operations.")
        for code in json.loads((WEB / "words" / f"{begins}en.json").read_text())
    ]
    assert len(codes) == len(set(codes))


def test_a_text_has_the_same_parameters_in_each_language() -> None:
    for code, text in CODES["en"].items():
        assert parameters(text) == parameters(CODES["de"][code]), code


def test_no_text_was_left_in_english() -> None:
    same = [code for code, text in CODES["en"].items() if text == CODES["de"][code]]
    assert same == ["ui.patterns.kind", "ui.explained.nothing"]  # they have no words


def codes_asked_for() -> tuple[set[str], set[str]]:
    """The codes of the page's own that its scripts name, whole and as a beginning."""
    written = "\n".join(file.read_text() for file in SCRIPTS)
    whole = set(re.findall(r'["`](ui\.[a-z_.]+[a-z_])["`]', written))
    begun = set(re.findall(r"`(ui\.[a-z_.]*)\$\{", written))
    return whole, begun


def test_every_code_that_the_page_asks_for_is_in_the_catalogue() -> None:
    whole, _ = codes_asked_for()
    known = set(CODES["en"])
    missing = {code for code in whole if code not in known and f"{code}.other" not in known}
    assert missing == set()
    assert len(whole) > 50


def test_every_text_of_the_page_is_asked_for() -> None:
    whole, begun = codes_asked_for()
    own = {code for code in CODES["en"] if code.startswith("ui.")}
    unasked = {
        code
        for code in own
        if code.removesuffix(".one").removesuffix(".other") not in whole
        and not code.startswith(tuple(each for each in begun if each != "ui."))
        and not code.endswith((".title", ".empty"))
    }
    assert unasked == set()


def test_every_plural_has_both_forms() -> None:
    for code in CODES["en"]:
        if code.endswith(".one"):
            assert code.removesuffix(".one") + ".other" in CODES["en"]
    counted = {code for code in CODES["en"] if "{count}" in CODES["en"][code]}
    assert all(code.endswith(PLURALS) for code in counted if code.startswith("ui."))


def test_what_the_api_may_answer_has_a_word() -> None:
    known = set(CODES["en"])
    assert {f"ui.missing.{each}" for each in get_args(MissingCode)} <= known
    assert {f"ui.goals.{each}" for each in get_args(GoalMetric)} <= known
    assert {f"ui.messages.ended_{each}" for each in get_args(Resolution)} <= known
    assert {f"ui.more.ended_{each}" for each in get_args(Resolution)} <= known
    assert {f"ui.help.{each}" for each in get_args(HelpKind)} <= known
    assert {f"ui.course.{each}" for each in ("not_started", "active", "finished")} <= known
    assert {f"alert.{each}.title" for each in CATEGORIES} <= known
    severities = get_args(Severity)
    for begins in ("ui.person.open_", "ui.more.severity_", "ui.contact.severity_"):
        assert {f"{begins}{each}" for each in severities} <= known
    assert {
        f"ui.contact.{what}_{each}" for what in ("order", "sort") for each in get_args(Sort)
    } <= known


def test_what_operators_may_be_answered_has_a_word() -> None:
    codes = get_args(NotReady.__annotations__["code"])
    assert {f"ui.reason.{each}" for each in codes} <= set(CODES["en"])
    assert set(ANSWERS) < set(codes)
    assert {
        f"alert.{each}.title" for each in (*RULES, *(r.spec.category for r in MODEL_RULES))
    } <= (set(CODES["en"]))
    assert {f"model.{each}" for each in TARGETS} <= set(CODES["en"])
    said = {code: text for code, text in CODES["en"].items() if code.startswith("ui.remedy.")}
    assert said.pop("ui.remedy.unknown")
    assert said == {f"ui.remedy.{reason}": remedy for reason, remedy in REMEDIES.items()}


def test_what_an_alert_goes_by_has_a_word() -> None:
    """Of every feature that a rule gives as evidence to instructors, and of its unit."""
    rules = "\n".join(file.read_text() for file in sorted((ROOT / "domain" / "rules").glob("*.py")))
    named = set(re.findall(r'feature="([a-z_]+)"', rules))
    named |= set(re.findall(r'(?:risk_evidence|silent_for)\(\s*"([a-z_]+)"', rules))
    assert {"score", "days_since_work", "probability_missing"} <= named
    others = {"streak_days", "course_progress"}  # of rules that are for learners alone
    others |= {"days_since_accepted", "records_rejected"}  # or for operators
    assert {f"ui.feature.{each}" for each in named - others} <= set(CODES["en"])
    units = set(get_args(Unit)) - {"percent", "ratio"}
    assert {f"ui.unit.{each}.other" for each in units} <= set(CODES["en"])


def test_no_text_of_a_screen_stands_in_a_script() -> None:
    """In a template of markup, letters are names of tags and attributes, or inside of `${...}`."""
    seen = 0
    for file in SCRIPTS:
        for markup in templates(file.read_text()):
            seen += 1
            said = re.sub(r"<[^>]*>", " ", markup)
            assert not re.search(r"[^\W\d_]", said.replace("learnstream open --user ID", "")), (
                file.name,
                said,
            )
    assert seen > 40


def templates(script: str) -> list[str]:
    """The text of each html`...` at any depth, without what is computed in it."""
    found: list[str] = []
    at = 0
    while (begin := script.find("html`", at)) >= 0:
        at = template(script, begin + 5, found)
    return found


def template(script: str, at: int, found: list[str] | None) -> int:
    """Read one template from behind its first backtick; returns the place behind its last."""
    text = ""
    while script[at] != "`":
        if script.startswith("${", at):
            at = computed(script, at + 2, found)
        else:
            text, at = text + script[at], at + 1
    if found is not None:
        found.append(text)
    return at + 1


def computed(script: str, at: int, found: list[str] | None) -> int:
    """Read what stands in `${...}`; returns the place behind it."""
    depth = 1
    while depth:
        if script[at] == "`":
            is_markup = script[:at].endswith("html")
            at = template(script, at + 1, found if is_markup else None)
        elif script[at] == '"':
            at = script.index('"', at + 1) + 1
        else:
            depth += {"{": 1, "}": -1}.get(script[at], 0)
            at += 1
    return at


def test_no_script_makes_markup_or_addresses_of_data() -> None:
    for file in SCRIPTS:
        text = file.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text), file
        assert "dangerouslySetInnerHTML" not in text
        assert not re.search(r"\beval\(|new Function", text)
        for address in re.findall(r"href=(\S+)", text):
            made_there = ("${linkTo(", "${linkToCourse(", "${linkToLearner(")
            assert address.startswith((*made_there, '"#/')), (file.name, address)
