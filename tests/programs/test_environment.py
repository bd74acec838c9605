"""What a program finds in its environment."""

from enchufe.programs.environment import MARK, PATH, carries, clean, marked

OWN = {
    "HOME": "/home/ana",
    "USER": "ana",
    "LOGNAME": "ana",
    "LANG": "es_ES.UTF-8",
    "LC_TIME": "C",
    "TZ": "Europe/Madrid",
    "PATH": "/home/ana/bin:.",
    "LD_PRELOAD": "/tmp/any.so",
    "PYTHONPATH": "/home/ana",
    "API_KEY": "secret",
    "SSH_AUTH_SOCK": "/tmp/agent",
}


def test_it_finds_who_it_is_and_how_to_speak_and_nothing_else_of_ours() -> None:
    assert clean(OWN) == {
        "HOME": "/home/ana",
        "USER": "ana",
        "LOGNAME": "ana",
        "LANG": "es_ES.UTF-8",
        "LC_TIME": "C",
        "TZ": "Europe/Madrid",
        "PATH": PATH,
    }


def test_what_we_do_not_have_it_does_not_get() -> None:
    assert clean({}) == {"PATH": PATH}


def test_it_carries_its_mark_and_no_other() -> None:
    environment = marked({"PATH": PATH}, "token", OWN)
    assert environment == {"PATH": PATH, MARK: "token"}
    assert carries(environment, "token")
    assert not carries(environment, "tok")
    assert not carries({"PATH": PATH}, "token")


def test_a_program_of_a_program_carries_the_marks_of_both() -> None:
    inner = marked({}, "inner", marked({}, "outer", {}))
    assert carries(inner, "inner")
    assert carries(inner, "outer")
