"""The playbook itself: it must be able to fail, and say how."""

import pytest
from tests.playbook import ANA, Playbook, finished, received

from enchufe.core.commands import Close, Send
from enchufe.services.echo import Echo


def test_a_playbook_that_holds_goes_on() -> None:
    playbook = Playbook(Echo()).when(received(ANA, b"hola"), Send(ANA, b"hola"))
    assert playbook.when(finished(ANA), Close(ANA)) is playbook


def test_a_wrong_answer_fails_with_a_diff_of_the_commands() -> None:
    playbook = Playbook(Echo()).when(received(ANA, b"hola"), Send(ANA, b"hola"))
    with pytest.raises(pytest.fail.Exception) as failure:
        playbook.when(received(ANA, b"adios"), Send(ANA, b"adi0s"))
    lines = str(failure.value).splitlines()
    assert any(line.startswith("- Send(") and "adi0s" in line for line in lines)
    assert any(line.startswith("+ Send(") and "adios" in line for line in lines)
    assert "hola" in lines[0]


@pytest.mark.parametrize("commands", [(), (Close(ANA), Close(ANA)), (Send(ANA, b""),)])
def test_too_few_too_many_or_other_commands_fail(commands: tuple[Close | Send, ...]) -> None:
    with pytest.raises(pytest.fail.Exception):
        Playbook(Echo()).when(finished(ANA), *commands)
