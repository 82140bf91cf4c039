"""Lighthouse's scores of the page's three views, on a phone and a desktop, with fixed answers.

The API's answers are the documents' examples, from a server that does nothing else: what is
measured is the page. Lighthouse's phone has a slow network and a quarter of this machine's speed.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.chromium import a_browser_path
from benchmarks.machine import heading
from tests import node_packages
from tests.browsing import Answers, served, the_page_with

PACKAGES: Final = Path(__file__).parent / "node"
BUILD: Final = node_packages.ROOT / "build" / "lighthouse"
VIEWS: Final = {"learner": "#/", "instructor": "#/courses/c1", "operator": "#/operations"}
FORMS: Final = ("mobile", "desktop")
CATEGORIES: Final = ("performance", "accessibility", "best-practices", "seo")
AIM: Final = 95
COLUMNS: Final = (*CATEGORIES, "CLS", "LCP ms", "KB", "requests")


def main(arguments: list[str]) -> int:
    """Print the median of the rounds for each view; 1 where a score is under 95."""
    parser = argparse.ArgumentParser(prog="benchmarks lighthouse", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    browser = a_browser_path()
    node_packages.install(PACKAGES, BUILD)
    print(f"{heading()}, load {os.getloadavg()[0]:.1f}, median of {options.rounds}\n")
    print(f"| view | form | {' | '.join(COLUMNS)} |")
    print("|---" * (2 + len(COLUMNS)) + "|")
    wanting: dict[str, None] = {}
    least = 100.0
    with served(the_page_with(_answers())) as site:
        for form in FORMS:
            for view, fragment in VIEWS.items():
                made = [_report(f"{site}/{fragment}", form, browser) for _ in range(options.rounds)]
                rows = zip(*map(_figures, made), strict=True)
                figures = [statistics.median(column) for column in rows]
                least = min(least, *figures[: len(CATEGORIES)])
                print(f"| {view} | {form} | {' | '.join(f'{each:,.4g}' for each in figures)} |")
                wanting |= dict.fromkeys(f"{view}, {form}: {each}" for each in _wanting(made[-1]))
    print("\n".join(["", "What takes points off, in the last round:", *wanting]))
    return int(least < AIM)


def _answers() -> Answers:
    """Somebody who learns, teaches and operates."""
    answers = Answers()
    answers.teach()
    answers.operate()
    return answers


def _report(address: str, form: str, browser: str) -> Any:
    """What Lighthouse writes of one visit."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = [
            "node",
            str(BUILD / "node_modules" / "lighthouse" / "cli" / "index.js"),
            address,
            "--quiet",
            "--no-enable-error-reporting",
            "--output=json",
            f"--output-path={file}",
            f"--only-categories={','.join(CATEGORIES)}",
            "--chrome-flags=--headless=new --no-sandbox",
            *(["--preset=desktop"] if form == "desktop" else []),
        ]
        environment = {**os.environ, "CHROME_PATH": browser}
        subprocess.run(command, env=environment, check=True)  # noqa: S603 - our own arguments
        return json.loads(file.read_text(encoding="utf-8"))


def _figures(report: Any) -> list[float]:
    """A number for each column."""
    audits = report["audits"]
    return [
        *(100 * (report["categories"][name]["score"] or 0) for name in CATEGORIES),
        audits["cumulative-layout-shift"]["numericValue"],
        audits["largest-contentful-paint"]["numericValue"],
        audits["total-byte-weight"]["numericValue"] / 1024,
        len(audits["network-requests"]["details"]["items"]),
    ]


def _wanting(report: Any) -> Iterator[str]:
    """The audits that count, and were not passed."""
    for name in CATEGORIES:
        for audit in report["categories"][name]["auditRefs"]:
            found = report["audits"][audit["id"]]
            if audit["weight"] > 0 and found["score"] is not None and found["score"] < AIM / 100:
                said = found.get("displayValue", "")
                yield f"{audit['id']} ({found['score']:.2f}) {said}".strip()
