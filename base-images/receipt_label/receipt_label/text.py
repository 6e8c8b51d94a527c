"""Spelling made plain before a rule looks at it."""

from __future__ import annotations

import unicodedata

try:
    from unidecode import unidecode as to_ascii
except ImportError:  # without the extra `full`: accents go, symbols such as the euro stay

    def to_ascii(string: str) -> str:
        decomposed = unicodedata.normalize("NFKD", string)
        return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def normalize(text: str) -> str:
    """Upper-case, single-spaced, and ASCII with the extra `full`: `"Café  €2"` is `"CAFE EUR2"`."""
    return " ".join(to_ascii(text).upper().split())
