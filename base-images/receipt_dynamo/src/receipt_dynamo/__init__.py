"""Receipts, their lines, words and labels, as DynamoDB items."""

from receipt_dynamo.entities import (
    BatchStatus,
    BatchSummary,
    EmbeddingStatus,
    Entity,
    ItemError,
    Receipt,
    ReceiptLine,
    ReceiptWord,
    ReceiptWordLabel,
    ValidationStatus,
)
from receipt_dynamo.keys import VectorId
from receipt_dynamo.table import Table

__all__ = [
    "BatchStatus",
    "BatchSummary",
    "EmbeddingStatus",
    "Entity",
    "ItemError",
    "Receipt",
    "ReceiptLine",
    "ReceiptWord",
    "ReceiptWordLabel",
    "Table",
    "ValidationStatus",
    "VectorId",
]
