"""A program that remembers one line after the other, for tests that kill it or starve it.

python -m tests.store.writer PATH [FILE_BYTES_MAX]

It says what it is told, a line each. When nothing more can be kept it looks up what is.
"""

import resource
import sys
from pathlib import Path

from tests.store.witnesses import Told, everything, saying

from enchufe.core.commands import Remember
from enchufe.core.errors import EnchufeError
from enchufe.core.events import NotRemembered, Recalled, Remembered
from enchufe.store.sqlite import SqliteHistory

IN_FLIGHT = 16


def text_of(id_: int) -> str:
    return f"line {id_} " + "x" * 100


def say(*words: object) -> None:
    print(*words, flush=True)


def write(path: Path) -> None:
    told = Told()
    history = SqliteHistory(path, told.put)
    last_id = history.opened().last_id
    say("opened", last_id)
    ordered_id = last_id
    while True:
        for id_ in range(ordered_id + 1, last_id + IN_FLIGHT + 1):
            history.perform([Remember(saying(id_, text_of(id_)))])
        ordered_id = last_id + IN_FLIGHT
        event = told.next()
        if not isinstance(event, Remembered):
            break
        last_id = event.last_id
        say("remembered", last_id)
    history.perform([Remember(saying(ordered_id + 1))])
    history.perform([everything()])
    while isinstance(event, NotRemembered):
        say("not remembered", event.first_id, event.why)
        event = told.next()
    assert isinstance(event, Recalled)
    say("recalled", *(line.id for line in event.lines))
    history.close()


def main(path: str, file_bytes_max: str = "") -> None:
    if file_bytes_max:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(file_bytes_max), int(file_bytes_max)))
    try:
        write(Path(path))
    except EnchufeError as error:
        say("refused", type(error).__name__, error)


if __name__ == "__main__":
    main(*sys.argv[1:])
