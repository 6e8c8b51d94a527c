"""Holds each pending label against the rule of its name and files the verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from receipt_dynamo import ReceiptWord, ReceiptWordLabel, Table, ValidationStatus
from receipt_label import line_of, line_texts, validate
from summary import summarize


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    table = Table(event["Items"])
    words = table.all(ReceiptWord)
    texts = {word.vector_id: word.text for word in words}
    lines = line_texts(words)
    judged = []
    for label in table.all(ReceiptWordLabel):
        if label.validation_status is not ValidationStatus.PENDING:
            continue
        word = label.vector_id
        if word in texts:
            objection = validate(label.label, texts[word], lines[line_of(word)])
        else:
            objection = "the labelled word does not exist"
        judged.append(verdict(label, objection))
    return {"summary": summarize(judged), "Items": [label.to_item() for label in judged]}


def verdict(label: ReceiptWordLabel, objection: str | None) -> ReceiptWordLabel:
    if objection is None:
        return replace(label, validation_status=ValidationStatus.VALID)
    return replace(label, validation_status=ValidationStatus.INVALID, reasoning=objection)
