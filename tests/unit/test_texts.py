"""The catalogue of sentences: complete, and each has a speaker."""

import re
import string
from pathlib import Path

from domain.predictions import TARGETS
from domain.rules import RULES
from domain.texts import TEXTS, text, third
from metrics.risk_words import COURSE, SILENCE

ROOT = Path(__file__).parents[2]
FAMILIES = "insight|segment|prediction|forecast|confidence|recommendation|alert|action"
CODE = re.compile(rf"\"((?:{FAMILIES})\.[a-z0-9_.]+)\"")
ACTION = re.compile(r"\b(?:code=|action\(\s*)\"([a-z_]+)\"")


def codes_in_the_code() -> set[str]:
    found = set()
    for path in sorted((*(ROOT / "domain").rglob("*.py"), *(ROOT / "metrics").glob("*.py"))):
        if path.name != "texts.py":
            written = path.read_text()
            found |= set(CODE.findall(written))
            found |= {f"action.{name}" for name in ACTION.findall(written)}
    return found | {f"alert.{name}.title" for name in RULES}


def test_every_code_that_the_code_speaks_is_in_the_catalogue() -> None:
    missing = codes_in_the_code() - set(TEXTS)
    assert not missing


def test_no_sentence_stands_in_the_catalogue_without_a_speaker() -> None:
    composed = ("action.", *(f"alert.{name}." for name in RULES))
    spoken = codes_in_the_code() | {f"risk.{feature}" for feature in (*SILENCE, *COURSE)}
    spoken |= {f"model.{target}" for target in TARGETS}
    spoken |= {third(code) for code in spoken}
    assert [code for code in TEXTS if code not in spoken and not code.startswith(composed)] == []
    assert spoken <= set(TEXTS)


def test_every_sentence_says_its_parameters() -> None:
    for code, sentence in TEXTS.items():
        names = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
        said = text(code, dict.fromkeys(names, "x"))
        assert "{" not in said


def test_a_whole_number_is_said_without_a_fraction() -> None:
    params = {"title": "Essay", "date": "5 June", "pass_mark": 60.0, "score": 41.5}
    said = text("alert.low_score.message", params)
    assert said == "You scored 41.5% in Essay on 5 June; the pass mark is 60%"


SECOND_PERSON = re.compile(r"\b(you|your|yours|yourself)\b", re.IGNORECASE)


def told_to_instructors() -> list[str]:
    """Every code that an answer about somebody else may carry."""
    rules = [name for name, rule in RULES.items() if "instructor" in rule.audience]
    families = ("risk.", "prediction.", *(f"alert.{name}." for name in rules))
    only_learners = {"alert.low_weekly_engagement.own"}
    return [code for code in TEXTS if code.startswith(families) and code not in only_learners]


def test_nothing_that_instructors_are_told_addresses_the_learner() -> None:
    codes = told_to_instructors()
    assert len(codes) > 40
    assert [code for code in codes if SECOND_PERSON.search(TEXTS[third(code)])] == []


def test_a_text_about_somebody_else_stands_beside_one_that_addresses_and_says_the_same() -> None:
    for code in TEXTS:
        if code.endswith(".third"):
            first = TEXTS[code.removesuffix(".third")]
            assert SECOND_PERSON.search(first), f"{code}: {first} can be told to anybody"
            assert set(re.findall(r"{\w+}", first)) == set(re.findall(r"{\w+}", TEXTS[code])), code
