"""Merges the deltas of finished batches into the snapshots, and answers a query on the result."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from receipt_chroma import Collection, Delta, compact


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    snapshots = [Collection.from_snapshot(snapshot) for snapshot in event.get("snapshots", [])]
    collections = {collection.name: collection for collection in snapshots}
    deltas = [Delta.from_json(delta) for delta in event["deltas"]]
    for name in sorted({delta.collection for delta in deltas}):
        collections[name] = compact(collections.get(name, Collection(name)), deltas)
    answer: dict[str, Any] = {
        "snapshots": [collection.snapshot() for _, collection in sorted(collections.items())]
    }
    if query := event.get("query"):
        searched = collections.get(query["collection"], Collection(query["collection"]))
        matches = searched.query(query["embedding"], query.get("limit", 3))
        answer["matches"] = [asdict(match) for match in matches]
    return answer
