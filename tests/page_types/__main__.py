"""`python -m tests.page_types`: prints what is wrong with the types of the page; 1 for anything."""

import sys

from tests.page_types.checking import prepare, problems


def main() -> int:
    """Check the scripts against the API's document of this moment."""
    prepare()
    found = problems()
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
