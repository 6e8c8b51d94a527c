"""Results as a delta for the vector store, in the shape that compaction reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from receipt_dynamo import ReceiptLine, ReceiptWord
from utils.results import Results


def delta(
    collection: str,
    entities: Iterable[ReceiptLine | ReceiptWord],
    results: Results,
    metadata: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """An upsert for every entity that came back; one that was deleted meanwhile is passed over."""
    return {
        "collection": collection,
        "upserts": [
            {
                "id": str(entity.vector_id),
                "embedding": results.embeddings[entity.vector_id],
                "document": entity.text,
                "metadata": metadata.get(str(entity.vector_id), {}),
            }
            for entity in entities
            if entity.vector_id in results.embeddings
        ],
        "deletes": [],
    }
