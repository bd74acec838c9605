"""Lots: the same again for whoever has the seed, each as likely as the others."""

from collections import Counter

from enchufe.core.cachipun import Choice
from enchufe.core.draws import NONCE_CHARACTERS, WORD_SYLLABLES, Draws


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    one, again, other = Draws("a"), Draws("a"), Draws("b")
    drawn = [one.nonce() for _ in range(10)]
    assert drawn == [again.nonce() for _ in range(10)]
    assert not set(drawn) & {other.nonce() for _ in range(10)}


def test_no_lot_comes_twice() -> None:
    draws = Draws("a")
    nonces = [draws.nonce() for _ in range(1000)]
    assert len(set(nonces)) == 1000
    assert all(len(nonce) == NONCE_CHARACTERS and int(nonce, 16) >= 0 for nonce in nonces)


def test_each_hand_is_as_likely_as_the_others() -> None:
    draws = Draws("a")
    counted = Counter(draws.choice() for _ in range(3000))
    assert set(counted) == set(Choice)
    assert all(900 < count < 1100 for count in counted.values())


def test_words_can_be_said_and_typed() -> None:
    draws = Draws("a")
    words = {draws.word() for _ in range(100)}
    assert len(words) == 100
    assert all(len(word) == 2 * WORD_SYLLABLES and word.isascii() for word in words)
