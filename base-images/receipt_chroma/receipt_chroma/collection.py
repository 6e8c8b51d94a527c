"""Vectors by id, searched by cosine similarity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from math import fsum, hypot
from typing import Any, Self

from receipt_dynamo import VectorId


@dataclass(frozen=True)
class Record:
    id: str
    embedding: list[float]
    document: str
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        VectorId.parse(self.id)
        if not any(self.embedding):
            raise ValueError(f"{self.id}: an embedding needs a direction")


@dataclass(frozen=True)
class Match:
    id: str
    document: str
    similarity: float


class Collection:
    """One dimension for all: the first record decides it."""

    def __init__(self, name: str, records: Iterable[Record] = ()) -> None:
        self.name = name
        self._records: dict[str, Record] = {}
        for record in records:
            self.upsert(record)

    def __len__(self) -> int:
        return len(self._records)

    def upsert(self, record: Record) -> None:
        known = next(iter(self._records.values()), record)
        if len(known.embedding) != len(record.embedding):
            raise ValueError(
                f"{record.id}: {len(record.embedding)} dimensions in a collection of {len(known.embedding)}"
            )
        self._records[record.id] = record

    def delete(self, record_id: str) -> None:
        """Forgets a record; one that is not there stays gone."""
        self._records.pop(record_id, None)

    def query(self, embedding: Sequence[float], limit: int = 3) -> list[Match]:
        """The most similar records, best first; the id breaks a tie."""
        matches = [
            Match(record.id, record.document, round(cosine(embedding, record.embedding), 6))
            for record in self._records.values()
        ]
        return sorted(matches, key=lambda match: (-match.similarity, match.id))[:limit]

    def snapshot(self) -> dict[str, Any]:
        records = sorted(self._records.values(), key=lambda record: record.id)
        return {"collection": self.name, "records": [asdict(record) for record in records]}

    @classmethod
    def from_snapshot(cls, snapshot: dict[str, Any]) -> Self:
        return cls(snapshot["collection"], (Record(**record) for record in snapshot["records"]))


def cosine(left: Sequence[float], right: Sequence[float]) -> float:
    dot = fsum(a * b for a, b in zip(left, right, strict=True))
    return dot / (hypot(*left) * hypot(*right))
