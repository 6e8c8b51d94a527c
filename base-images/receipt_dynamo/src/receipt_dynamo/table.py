"""A receipt table in memory: what a DynamoDB query or export hands over."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeVar

from receipt_dynamo.attributes import Item
from receipt_dynamo.entities import Entity

E = TypeVar("E", bound=Entity)


class Table:
    """Items by partition and sort key; like DynamoDB, a second put replaces the first."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._items: dict[tuple[str, str], Item] = {}
        for item in items:
            self._items[item["PK"]["S"], item["SK"]["S"]] = item

    @classmethod
    def from_ndjson(cls, text: str) -> Table:
        """Reads one item per line, bare or wrapped as DynamoDB's export to S3 writes it."""
        rows = (json.loads(line) for line in text.splitlines() if line.strip())
        return cls(row.get("Item", row) for row in rows)

    def to_ndjson(self) -> str:
        return "".join(f"{json.dumps(item)}\n" for item in self.items())

    def __len__(self) -> int:
        return len(self._items)

    def put(self, entity: Entity) -> None:
        self._items[entity.key()] = entity.to_item()

    def items(self) -> list[Item]:
        return [item for _, item in sorted(self._items.items(), key=lambda entry: entry[0])]

    def query(self, partition: str, sort_prefix: str = "") -> list[Item]:
        """The items of one partition whose sort key begins with the prefix, in key order."""
        return [
            item
            for item in self.items()
            if item["PK"]["S"] == partition and item["SK"]["S"].startswith(sort_prefix)
        ]

    def all(self, entity: type[E]) -> list[E]:
        """Every entity of one type, in key order."""
        return [entity.from_item(item) for item in self.items() if item.get("TYPE") == {"S": entity.TYPE}]
