"""`python -m tests.kept`: keep the states that this version of the code makes of the kept log.

To be run before STATE_VERSION or FOLD_VERSION is raised, never to make a test green.
"""

from tests.kept.keeping import fold_log, write_kept

if __name__ == "__main__":
    write_kept(fold_log())
