"""What happens in cachipún, in words: those of the server, or of whoever is told in frames."""

from collections.abc import Mapping

from msgspec import Struct

from enchufe.core.cachipun import (
    NOBODY,
    Choice,
    Match,
    Players,
    Result,
    Reveal,
    Scores,
    Told,
    What,
    Why,
)
from enchufe.core.errors import N_
from enchufe.core.room import NAME_CHARACTERS_MAX


class GameWords(Struct, frozen=True):
    """The game's own words; every line of its own begins with ``* ``, as no name can.

    What stands in braces is filled in.
    """

    rock: str = N_("rock")
    paper: str = N_("paper")
    scissors: str = N_("scissors")
    guest: str = N_("guest{number}")
    house: str = N_("house")
    welcome: str = N_(
        "* Welcome to cachipún. You are {name}; /name NAME changes that, /help helps."
    )
    waiting: str = N_("* You wait for somebody to play with; /house plays against the house")
    invited: str = N_("* {name} wants to play with you, best of {count}: /play {name}")
    inviting: str = N_("* {name} is asked")
    declined: str = N_("* {name} plays with somebody else")
    busy: str = N_("* {name} is in a match; /watch {name} shows it")
    left: str = N_("* {name} left")
    line_lost: str = N_("* {name} lost the line, and is waited for: {count} s")
    back: str = N_("* {name} is back")
    nobody: str = N_("* Nobody here is called {other}")
    name_taken: str = N_("* {other} is taken; you are {name}")
    name_unfit: str = N_(
        "* A name has 1 to {most} letters or digits of one script, with - _ . between them; "
        "you are {name}"
    )
    name_kept: str = N_("* You are {name} until this match is over")
    renamed: str = N_("* {name} is now {other}")
    house_offered: str = N_("* Nobody came for {count} s: /house plays against the house")
    not_playing: str = N_("* {name} is in no match")
    watched_by_too_many: str = N_("* As many watch {name} as may")
    too_many_invitations: str = N_("* You have invited {count}, which is as many as may be")
    full: str = N_("as many are here as may be; try again later")
    too_fast: str = N_("* Too much at once; try again in a moment")
    stranger: str = N_("* You are not among the players")
    stopping: str = N_("* This server ends now")
    no_match: str = N_("* There is no match to choose in; /play begins one")
    chosen_already: str = N_("* You have chosen already, and it stands")
    ambiguous: str = N_("* {other} may be more than one hand: write one more letter of it")
    not_understood: str = N_("* Write rock, paper or scissors (r, p, s); /help lists the rest")
    unknown: str = N_("* There is no {other}; /help lists what there is")
    usage: str = N_("* Write it like: {other}")
    no_scores: str = N_("* Nobody has a score yet: a match counts if both players have a name")
    no_rematch: str = N_("* You have not played yet; /play waits for whoever comes")
    not_back: str = N_("* Nobody is waited for with that word")
    best: str = N_("* The next match you call is the best of {count}")
    playing: str = N_("* You are in a match; /bye gives it up")
    early: str = N_("* Chosen; it counts for the first round")

    match: str = N_("* Match {match}: {first} against {second}, best of {best}")
    score: str = N_("* {first} {ours}, {second} {theirs}")
    word: str = N_("* If your line breaks, come back with: /back {word}")
    round: str = N_("* Round {round}: rock, paper or scissors? You have {seconds} s")
    round_watched: str = N_("* Round {round}")
    chosen: str = N_("* {name} has chosen: {digest}")
    you_chose: str = N_("* You have chosen: {digest}")
    revealed: str = N_("* {name}: {choice}; check it: printf %s {text} | sha256sum")
    draw: str = N_("* Round {round}: {first} and {second} both show {choice}: a draw")
    beats: str = N_("* Round {round}: {winning} beats {losing}: {name} wins")
    late: str = N_("* Round {round}: {name} was too late")
    both_late: str = N_("* Round {round}: nobody chose in time")
    false: str = N_("* Round {round}: what {name} revealed does not fit its digest")
    both_false: str = N_("* Round {round}: nothing that was revealed fits its digest")
    missed: str = N_("* {name} missed two rounds running")
    both_missed: str = N_("* Both missed two rounds running")
    endless: str = N_("* Nobody has won after {round} rounds, and there may be no more")
    given_up: str = N_("* {name} did not come back")
    won: str = N_("* {name} wins the match, {ours} to {theirs}")
    won_by_nobody: str = N_("* The match is over, and nobody wins it")
    again: str = N_("* /rematch plays again, /play waits for whoever comes, /bye leaves")
    waits: str = N_("* Waiting: {names}")
    plays: str = N_("* {first} plays {second}")
    nobody_waits: str = N_("* Nobody waits")
    row: str = N_("* {place:>3}. {name:<24} {won:>5} won {lost:>5} lost")
    bye: str = N_("* Bye, {name}")
    help: str = N_(
        "* rock, paper, scissors; piedra, papel, tijera; their beginnings; ✊ ✋ ✌; 1 2 3\n"
        "* /play           wait for whoever comes\n"
        "* /play NAME      invite somebody, or say yes to them\n"
        "* /house          play against the house\n"
        "* /best N         the next match you call is the best of N\n"
        "* /rematch        play again with the same one\n"
        "* /watch NAME     watch a match\n"
        "* /who            who waits and who plays\n"
        "* /scores         who won how many matches\n"
        "* /name NAME      be called NAME\n"
        "* /back WORD      come back after a lost line\n"
        "* /bye            leave; a plain bye does too"
    )


_KNOWN = frozenset(What)


def told_text(told: Told, words: GameWords) -> str:
    """Return what happened as a line; a word we do not know is shown as it is."""
    if told.what not in _KNOWN:
        return " ".join(filter(None, ("*", told.what, told.name, told.other)))
    template: str = getattr(words, told.what.replace(" ", "_"))
    return template.format(
        name=told.name, other=told.other, count=told.count, most=NAME_CHARACTERS_MAX
    )


def choice_word(choice: str, words: GameWords) -> str:
    """Return the word for a choice; a stranger's word that is none is shown as it is."""
    return str(getattr(words, choice)) if choice in frozenset(Choice) else choice


def match_text(match: Match, words: GameWords) -> str:
    """Return who plays whom, and how it stands if they have played."""
    first, second = match.players
    text = words.match.format(match=match.match, first=first, second=second, best=match.best)
    if match.score == (0, 0):
        return text
    return f"{text}\n{score_text(match.players, match.score, words)}"


def score_text(players: tuple[str, str], score: tuple[int, int], words: GameWords) -> str:
    """Return how a match stands."""
    return words.score.format(first=players[0], ours=score[0], second=players[1], theirs=score[1])


def revealed_text(reveal: Reveal, name: str, words: GameWords) -> str:
    """Return what somebody chose, with all that is needed to check it."""
    text = f"{reveal.match}/{reveal.round}/{reveal.seat}/{reveal.choice}/{reveal.nonce}"
    return words.revealed.format(name=name, choice=choice_word(reveal.choice, words), text=text)


def result_text(result: Result, players: tuple[str, str], words: GameWords) -> str:
    """Return how a round ended, and how the match stands or ended."""
    lines = [_cause(result, players, words)]
    if not result.over:
        lines.append(score_text(players, result.score, words))
    elif result.winner == NOBODY:
        lines.append(words.won_by_nobody)
    else:
        ours, theirs = result.score[result.winner], result.score[1 - result.winner]
        won = words.won.format(name=players[result.winner], ours=ours, theirs=theirs)
        lines.append(won)
    return "\n".join(lines)


def _cause(result: Result, players: tuple[str, str], words: GameWords) -> str:
    """Return why a round ended as it did."""
    if result.why == Why.PLAYED:
        return _played(result, players, words)
    if result.winner == NOBODY:
        both: Mapping[str, str] = {
            Why.LATE: words.both_late,
            Why.FALSE: words.both_false,
            Why.MISSED: words.both_missed,
            Why.ENDLESS: words.endless,
        }
        return _filled(both, result, "")
    one: Mapping[str, str] = {
        Why.LATE: words.late,
        Why.FALSE: words.false,
        Why.LEFT: words.left,
        Why.LOST: words.given_up,
        Why.MISSED: words.missed,
    }
    return _filled(one, result, players[1 - result.winner])


def _filled(templates: Mapping[str, str], result: Result, loser: str) -> str:
    """Return the sentence for a cause; a word we do not know is shown as it is."""
    template = templates.get(result.why, f"* {result.why}")
    return template.format(round=result.round, name=loser)


def _played(result: Result, players: tuple[str, str], words: GameWords) -> str:
    shown = [choice_word(choice, words) for choice in result.choices]
    if shown[0] == shown[1]:
        first, second = players
        return words.draw.format(round=result.round, first=first, second=second, choice=shown[0])
    winning, losing = shown[result.winner], shown[1 - result.winner]
    return words.beats.format(
        round=result.round, winning=winning, losing=losing, name=players[result.winner]
    )


def scores_text(scores: Scores, words: GameWords) -> str:
    """Return the score table, a line each."""
    return (
        "\n".join(
            words.row.format(place=place, name=row.name, won=row.won, lost=row.lost)
            for place, row in enumerate(scores.rows, 1)
        )
        or words.no_scores
    )


def players_text(players: Players, words: GameWords) -> str:
    """Return who waits and who plays, a line each."""
    lines = [words.waits.format(names=", ".join(players.waiting))] if players.waiting else []
    lines += [words.plays.format(first=one, second=other) for one, other in players.matches]
    return "\n".join(lines) or words.nobody_waits
