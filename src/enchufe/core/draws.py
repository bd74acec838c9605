"""What is drawn by lot: nonces, the house's hands, and words to come back with.

Whoever does not know the seed cannot foresee a draw (HMAC, RFC 2104, of a counter); whoever
has it, as a recording of the run does, draws the same again.
"""

import hmac

from enchufe.core.cachipun import Choice

NONCE_CHARACTERS = 32
"""128 bits: nobody finds the choice behind a digest by trying nonces."""

WORD_SYLLABLES = 5
_CONSONANTS, _VOWELS = "bcdfgjklmnprstvz", "aeiou"


class Draws:
    """Draws one lot after the other.

    Args:
        seed: secret, and of 128 bits at least, unless it is a test.
    """

    def __init__(self, seed: str) -> None:
        self._key = seed.encode()
        self._count = 0

    def nonce(self) -> str:
        """Return what makes a digest unguessable."""
        return self._lot().hex()[:NONCE_CHARACTERS]

    def choice(self) -> Choice:
        """Return a hand, each as likely as the others."""
        return list(Choice)[int.from_bytes(self._lot()) % len(Choice)]

    def word(self) -> str:
        """Return a word that can be said and typed, one of 3,276,800,000."""
        rest, syllables = int.from_bytes(self._lot()), ""
        for _ in range(WORD_SYLLABLES):
            rest, consonant = divmod(rest, len(_CONSONANTS))
            rest, vowel = divmod(rest, len(_VOWELS))
            syllables += _CONSONANTS[consonant] + _VOWELS[vowel]
        return syllables

    def _lot(self) -> bytes:
        self._count += 1
        return hmac.digest(self._key, self._count.to_bytes(8), "sha256")
