"""Serves again at once whenever it is killed, with everything loaded already.

python -m tests.interop.phoenix WORDS, as after ``enchufe serve``. It says the id of each
process that serves, a line each, and ends when one of them ends in good order.
"""

import os
import signal
import sys

from enchufe.cli.main import main
from enchufe.clients.serving import serve  # loaded: a child has nothing left to import


def serve_until_it_ends_well(words: list[str]) -> None:
    assert callable(serve)
    while True:
        child = os.fork()
        if child == 0:
            sys.exit(main(["serve", *words]))
        print(child, flush=True)
        _child, status = os.waitpid(child, 0)
        if status == 0:
            return
        assert os.WIFSIGNALED(status), os.WEXITSTATUS(status)
        assert os.WTERMSIG(status) == signal.SIGKILL


if __name__ == "__main__":
    serve_until_it_ends_well(sys.argv[1:])
