"""Proposes a label for each word of a receipt that a rule recognises."""

from __future__ import annotations

from typing import Any

from receipt_dynamo import ReceiptWord, ReceiptWordLabel, Table, ValidationStatus
from receipt_label import line_of, line_texts, propose


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    words = Table(event["Items"]).all(ReceiptWord)
    lines = line_texts(words)
    labels = [label for word in words if (label := label_for(word, lines[line_of(word.vector_id)]))]
    return {
        "words": len(words),
        "labels": {str(label.vector_id): label.label for label in labels},
        "Items": [label.to_item() for label in labels],
    }


def label_for(word: ReceiptWord, line: str) -> ReceiptWordLabel | None:
    rule = propose(word.text, line)
    if rule is None:
        return None
    return ReceiptWordLabel(
        image_id=word.image_id,
        receipt_id=word.receipt_id,
        line_id=word.line_id,
        word_id=word.word_id,
        label=rule.label,
        reasoning=f"{word.text} is {rule.description}",
        validation_status=ValidationStatus.PENDING,
    )
