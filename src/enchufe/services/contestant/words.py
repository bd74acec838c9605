"""What a contestant tells the person of its own accord."""

from msgspec import Struct

from enchufe.core.errors import N_


class ContestantWords(Struct, frozen=True):
    """What is told to the person about the line and the others' honesty; braces are filled in."""

    seated: str = N_(
        "* You are {name}. Choose with a word, a letter, or 1 2 3; /help lists the rest."
    )
    lost: str = N_("* The line is lost; calling again.")
    back: str = N_("* Back.")
    not_reached: str = N_("* {why}; trying again.")
    given_up: str = N_("Given up: nobody was there for {seconds:g} s.")
    no_game: str = N_("There is no cachipún at the other side: it did not answer in frames.")
    gone: str = N_("* The match is gone: the server does not know it any more.")
    chosen: str = N_("* {name} has chosen")
    you_chose: str = N_("* You have chosen {choice}")
    later: str = N_("* {choice} is kept for the round to come")
    cheated: str = N_("* {name} has cheated: what was revealed does not fit the digest said before")
    unfair: str = N_("* The server has cheated: its result does not follow from what was revealed")
    you: str = N_("You")
    opponent: str = N_("Opponent")
    at_window: str = N_("* You play as the course's own window does: rock, paper or scissors?")
    closed: str = N_("* The server ended the game.")
    tally: str = N_("* Won {won}, lost {lost}, drawn {drawn}")
    won: str = N_("* {winning} beats {losing}: you win")
    lose: str = N_("* {winning} beats {losing}: you lose")
    draw: str = N_("* Both show {choice}: a draw")
