"""Writes a batch as the input file of OpenAI's batch API: one embedding request per line."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

from receipt_dynamo import EmbeddingStatus, ReceiptLine, ReceiptWord, Table, VectorId
from receipt_label import line_of, line_texts, word_input

MODEL = os.environ.get("EMBEDDING_MODEL", "text-embedding-3-small")


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    requests = [request(*each) for each in inputs(Table(event["Items"]))]
    content = "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in requests)
    return {
        "batch_id": event["batch_id"],
        "request_count": len(requests),
        "sha256": hashlib.sha256(content.encode()).hexdigest(),
        "input": content,
    }


def inputs(table: Table) -> Iterator[tuple[VectorId, str]]:
    """What is to be embedded, and the text that stands for it."""
    for line in table.all(ReceiptLine):
        if line.embedding_status is EmbeddingStatus.NONE:
            yield line.vector_id, line.text
    words = table.all(ReceiptWord)
    lines = line_texts(words)
    for word in words:
        if word.embedding_status is EmbeddingStatus.NONE:
            yield word.vector_id, word_input(word.text, lines[line_of(word.vector_id)])


def request(vector_id: VectorId, text: str) -> dict[str, Any]:
    return {
        "custom_id": str(vector_id),
        "method": "POST",
        "url": "/v1/embeddings",
        "body": {"model": MODEL, "input": text},
    }
