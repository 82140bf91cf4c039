"""The page's colours, in both schemes: what has to be read or told apart can be."""

import re

import pytest

from api.site import WEB

TOKENS = {
    name: schemes
    for name, *schemes in re.findall(
        r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", (WEB / "style.css").read_text()
    )
}
TEXT = [
    ("ink", "page"),
    ("ink", "card"),
    ("soft", "page"),
    ("soft", "card"),
    ("accent", "page"),
    ("accent", "card"),
    ("on-accent", "accent"),
]
MARKS = [
    ("control", "card"),
    ("accent", "step-0"),  # what is done, on its track
    ("accent", "band"),  # the forecast, in its band
    ("ink", "step-0"),  # where it was to be by now
    ("step-4", "step-0"),
    ("step-3", "card"),
]


def luminance(colour: str) -> float:
    """By WCAG 2.2's definition of relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT)
def test_text_has_a_contrast_of_four_and_a_half(front: str, back: str, scheme: int) -> None:
    assert contrast(TOKENS[front][scheme], TOKENS[back][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), MARKS)
def test_marks_and_controls_have_a_contrast_of_three(front: str, back: str, scheme: int) -> None:
    assert contrast(TOKENS[front][scheme], TOKENS[back][scheme]) >= 3


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_amounts_are_shades_in_order(scheme: int) -> None:
    shades = [luminance(TOKENS[f"step-{step}"][scheme]) for step in range(5)]
    assert shades == sorted(shades, reverse=scheme == 0)


def test_every_colour_is_a_token_for_both_schemes() -> None:
    written = (WEB / "style.css").read_text().partition("font:")[2]
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", written)
    for script in WEB.rglob("*.js"):
        assert not re.search(r"[\"'`]#[0-9a-f]{3,6}\b|rgb\(", script.read_text()), script
