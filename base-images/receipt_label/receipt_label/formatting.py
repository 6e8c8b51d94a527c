"""The text that stands for a word: what is embedded, and what its line reads."""

from __future__ import annotations

from collections.abc import Iterable

from receipt_dynamo import ReceiptWord, VectorId


def line_texts(words: Iterable[ReceiptWord]) -> dict[VectorId, str]:
    """What each line reads, put together from its words in their order."""
    lines: dict[VectorId, list[str]] = {}
    for word in sorted(words, key=lambda word: word.vector_id):
        lines.setdefault(line_of(word.vector_id), []).append(word.text)
    return {line: " ".join(texts) for line, texts in lines.items()}


def line_of(word: VectorId) -> VectorId:
    return VectorId(word.image_id, word.receipt_id, word.line_id)


def word_input(word: str, line: str) -> str:
    """A word with its line around it: alone, `4.50` means nothing to a model."""
    return f"<TARGET>{word}</TARGET> <CONTEXT>{line}</CONTEXT>"
