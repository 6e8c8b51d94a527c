"""Turns OpenAI's answer to a batch of words into a delta of the `words` collection.

A word that a rule recognises carries the proposed label into the vector store.
"""

from __future__ import annotations

from typing import Any

from receipt_dynamo import ReceiptWord, Table
from receipt_label import line_of, line_texts, propose
from utils.deltas import delta
from utils.results import Results


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    words = Table(event["Items"]).all(ReceiptWord)
    results = Results.parse(event["output"])
    return {
        "batch_id": event["batch_id"],
        "delta": delta("words", words, results, metadata=proposals(words)),
        "failures": results.failures,
    }


def proposals(words: list[ReceiptWord]) -> dict[str, dict[str, Any]]:
    lines = line_texts(words)
    return {
        str(word.vector_id): {"proposed_label": rule.label}
        for word in words
        if (rule := propose(word.text, lines[line_of(word.vector_id)]))
    }
