"""Deltas: what one batch changes in a collection. Compaction merges them into its snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from receipt_chroma.collection import Collection, Record


@dataclass(frozen=True)
class Delta:
    collection: str
    upserts: list[Record]
    deletes: list[str]

    @classmethod
    def from_json(cls, delta: dict[str, Any]) -> Self:
        return cls(
            collection=delta["collection"],
            upserts=[Record(**record) for record in delta.get("upserts", [])],
            deletes=list(delta.get("deletes", [])),
        )


def compact(collection: Collection, deltas: Iterable[Delta]) -> Collection:
    """A new collection with the deltas of this one applied in their order.

    Deltas of other collections are left to whoever compacts those.
    """
    merged = Collection.from_snapshot(collection.snapshot())
    for delta in deltas:
        if delta.collection != collection.name:
            continue
        for record_id in delta.deletes:
            merged.delete(record_id)
        for record in delta.upserts:
            merged.upsert(record)
    return merged
