"""Turns OpenAI's answer to a batch of lines into a delta of the `lines` collection."""

from __future__ import annotations

from typing import Any

from receipt_dynamo import ReceiptLine, Table
from utils.deltas import delta
from utils.results import Results


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    lines = Table(event["Items"]).all(ReceiptLine)
    results = Results.parse(event["output"])
    return {
        "batch_id": event["batch_id"],
        "delta": delta("lines", lines, results, metadata={}),
        "failures": results.failures,
    }
