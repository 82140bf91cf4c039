"""A Chromium of this machine: for what is measured, and what is tested, in a real browser."""

import os
import shutil
from typing import Final

from runtime.errors import UsageError

NAMED: Final = "TEST_BROWSER"
NAMES: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "msedge",
)
NO_BROWSER: Final = f"no browser: install chromium, or name one by {NAMED}"


def browser_path() -> str | None:
    """The browser that TEST_BROWSER names, or the first that this machine has."""
    named = os.environ.get(NAMED)
    return next((found for name in (named, *NAMES) if name and (found := shutil.which(name))), None)


def a_browser_path() -> str:
    """The same; raises UsageError where there is none."""
    found = browser_path()
    if found is None:
        raise UsageError(NO_BROWSER)
    return found
