"""How many labels of each name were found right and wrong."""

from __future__ import annotations

from collections.abc import Iterable

from receipt_dynamo import ReceiptWordLabel


def summarize(labels: Iterable[ReceiptWordLabel]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for label in labels:
        row = counts.setdefault(label.label, {})
        row[label.validation_status] = row.get(label.validation_status, 0) + 1
    return counts
