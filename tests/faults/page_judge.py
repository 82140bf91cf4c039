"""What a page may show: numbers that never go back, and lines that are its own sentences."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from api.site import WEB
from tests.faults.watching import Rising

CATALOGUES: Final = (WEB / "words" / "en.json", WEB.parent / "docs" / "i18n" / "en.json")
NUMBERS: Final = {
    "done": re.compile(r"(\d+)% done"),
    "longest": re.compile(r"longest: (\d+) days?"),
}
"""How the numbers that only grow are written, by what the page is asked for."""
WORDS_MIN: Final = 3
"""With fewer words of its own a text says nothing: `{low} to {high}` is "Failed to fetch", too."""
_PARAMETER: Final = r"(?:(?!undefined|null|NaN|\[object)[^{}])+?"
_MARKS: Final = str.maketrans("", "", "▲◆●\u2068\u2069")


class Sentences:
    """The texts of catalogues, whatever stands for their parameters."""

    def __init__(self, texts: Iterable[str]) -> None:
        patterns = filter(None, map(_pattern, texts))
        self._one = re.compile(f"(?:{'|'.join(patterns)})")

    def say(self, line: str) -> bool:
        """Whether the line is one of them, or two with a space between."""
        places = range(len(line)) if line else ()
        spaces = [place for place in places if line[place] == " "]
        return self._one.fullmatch(line) is not None or any(
            self._one.fullmatch(line[:at]) and self._one.fullmatch(line[at + 1 :]) for at in spaces
        )


def own_sentences() -> Sentences:
    """Those of the page, and of the API's answers that it shows, in English."""
    found: list[Mapping[str, str]] = [json.loads(file.read_text()) for file in CATALOGUES]
    return Sentences(text for catalogue in found for text in catalogue.values())


def _pattern(text: str) -> str | None:
    """What fits a text; None where it has too few words of its own."""
    pieces = re.split(r"\{\w+\}", text)
    if len(pieces) > 1 and len(re.findall(r"\w+", " ".join(pieces))) < WORDS_MIN:
        return None
    return _PARAMETER.join(map(re.escape, pieces))


class PageJudge:
    """Judges what was shown, in its order (I6)."""

    def __init__(self, wrong: Callable[[str], None]) -> None:
        self.numbers: dict[str, list[int]] = {name: [] for name in NUMBERS}
        """What each number was, one after the other."""
        self.lines: dict[str, int] = {}
        """How often each line came."""
        self._wrong = wrong
        self._rising = Rising(wrong)
        self._sentences = own_sentences()

    def take(self, kind: str, text: str) -> None:
        """A number or a line came to the screen."""
        if kind in NUMBERS:
            self._number(kind, text)
        else:
            self._line(kind, text.translate(_MARKS).strip())

    def last(self, name: str) -> int | None:
        """What the number was last; None where it never was there."""
        return self.numbers[name][-1] if self.numbers[name] else None

    def figures(self) -> dict[str, Any]:
        """What a verdict keeps: how many values each number had, the last, and how many lines."""
        kept = {
            name: {"values": len(numbers), "last": self.last(name)}
            for name, numbers in self.numbers.items()
        }
        return {**kept, "lines": len(self.lines)}

    def _number(self, name: str, text: str) -> None:
        found = NUMBERS[name].fullmatch(text)
        if found is None:
            self._wrong(f"I6: the page showed {text!r}, expected what fits {NUMBERS[name].pattern}")
            return
        number = int(found[1])
        self._rising.see(f"{name!r} of the page", number, "I6")
        if not self.numbers[name] or self.numbers[name][-1] != number:
            self.numbers[name].append(number)

    def _line(self, kind: str, line: str) -> None:
        if line and line not in self.lines and (kind == "fault" or not self._sentences.say(line)):
            said = "its console said" if kind == "fault" else "it showed what is no sentence of its"
            self._wrong(f"I6: the page: {said}: {line!r}")
        if line:
            self.lines[line] = self.lines.get(line, 0) + 1
