"""The sort keys, and the vector id that is built from the same pieces."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VECTOR_ID = re.compile(
    r"IMAGE#(?P<image>[^#]+)#RECEIPT#(?P<receipt>\d{5})#LINE#(?P<line>\d{5})"
    r"(?:#WORD#(?P<word>\d{5}))?"
)


def image_key(image_id: str) -> str:
    return f"IMAGE#{image_id}"


def receipt_key(receipt_id: int) -> str:
    return f"RECEIPT#{receipt_id:05}"


def line_key(receipt_id: int, line_id: int) -> str:
    return f"{receipt_key(receipt_id)}#LINE#{line_id:05}"


def word_key(receipt_id: int, line_id: int, word_id: int) -> str:
    return f"{line_key(receipt_id, line_id)}#WORD#{word_id:05}"


@dataclass(frozen=True, order=True)
class VectorId:
    """Which line or word an embedding stands for.

    OpenAI gives it back as a request's `custom_id`; the vector store files it as the id.
    """

    image_id: str
    receipt_id: int
    line_id: int
    word_id: int | None = None

    def __str__(self) -> str:
        key = (
            line_key(self.receipt_id, self.line_id)
            if self.word_id is None
            else word_key(self.receipt_id, self.line_id, self.word_id)
        )
        return f"{image_key(self.image_id)}#{key}"

    @classmethod
    def parse(cls, text: str) -> VectorId:
        found = _VECTOR_ID.fullmatch(text)
        if found is None:
            raise ValueError(f"not the id of a line or a word: {text!r}")
        word = found["word"]
        return cls(
            image_id=found["image"],
            receipt_id=int(found["receipt"]),
            line_id=int(found["line"]),
            word_id=None if word is None else int(word),
        )
