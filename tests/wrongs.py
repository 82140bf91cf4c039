"""Wrong results that a comparison must find, and the program that runs with one of them.

`python -m tests.wrongs NAME worker` is `learnstream worker` that does one thing wrong, once or
about one learner. Defects that need a crash or a fault to be seen stand in tests/faults/mutants.py.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import agents.worker.fold
import domain.fold.partition
from agents.partition_owner.job import Message
from agents.worker.messages import Outputs
from cli.main import main
from contracts.state_keys import is_learner
from tests.defects import about, with_defect

Messages = Callable[..., Iterable[Message]]

DEFECT: Final = "defect_about="
"""With the event's id behind it: folding that event raises."""


def without_first(real: Messages) -> Messages:
    """The same messages but for the first of all."""
    left_out: list[Message] = []

    def messages(*given: Any) -> Iterator[Message]:
        for message in real(*given):
            if left_out:
                yield message
            else:
                left_out.append(message)

    return messages


def first_change_lost(real: Messages) -> Messages:
    """The same messages, but the first learner who changes again stays as it was for ever."""
    written: dict[bytes, bytes | None] = {}
    kept: dict[bytes, bytes | None] = {}

    def messages(*given: Any) -> Iterator[Message]:
        for message in real(*given):
            key = message.key or b""
            if is_learner(key):
                if key in written and not kept:
                    kept[key] = written[key]
                written[key] = message.value
            yield message._replace(value=kept.get(key, message.value))

    return messages


def _wrap(place: object, name: str, wrong: Callable[[Messages], Messages]) -> Callable[[], None]:
    return lambda: setattr(place, name, wrong(getattr(place, name)))


WRONGS: Final[dict[str, Callable[[], None]]] = {
    "drop_alert": _wrap(Outputs, "alerts", without_first),
    "put_state_back": _wrap(agents.worker.fold, "states", first_change_lost),
    "omit_input": _wrap(Outputs, "inputs", without_first),
}


def do_wrong(name: str) -> None:
    """Patch this process."""
    if name.startswith(DEFECT):
        setattr(domain.fold.partition, "advance", with_defect(about(name.removeprefix(DEFECT))))  # noqa: B010
    else:
        WRONGS[name]()


if __name__ == "__main__":
    do_wrong(sys.argv.pop(1))
    sys.exit(main())
