"""Finds the lines and words that have no embedding yet and parcels them out in batches.

A word is embedded with its line around it, so a word batch carries whole lines: the words of it that
were embedded before are there as context.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from receipt_dynamo import EmbeddingStatus, ReceiptLine, ReceiptWord, Table
from shared.batching import portions


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    table = Table(event["Items"])
    size = event.get("lines_per_batch", 50)
    lines = [[line] for line in table.all(ReceiptLine) if is_new(line)]
    words: dict[tuple[str, int, int], list[ReceiptWord]] = {}
    for word in table.all(ReceiptWord):
        words.setdefault((word.image_id, word.receipt_id, word.line_id), []).append(word)
    new_words = [line for line in words.values() if any(map(is_new, line))]
    return {
        "batches": [
            *(batch("LINE", portion) for portion in portions(lines, size)),
            *(batch("WORD", portion) for portion in portions(new_words, size)),
        ]
    }


def is_new(entity: ReceiptLine | ReceiptWord) -> bool:
    return entity.embedding_status is EmbeddingStatus.NONE


def batch(kind: str, lines: Sequence[Sequence[ReceiptLine | ReceiptWord]]) -> dict[str, Any]:
    """One batch, named by what is in it: the same work keeps the same name."""
    entities = [entity for line in lines for entity in line]
    names = "\n".join("#".join(entity.key()) for entity in entities if is_new(entity))
    return {
        "batch_id": hashlib.sha256(f"{kind}\n{names}".encode()).hexdigest()[:12],
        "batch_type": kind,
        "Items": [entity.to_item() for entity in entities],
    }
