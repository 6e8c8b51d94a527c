"""What the table holds. Each entity knows its key, its item, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar, Self, get_type_hints

from receipt_dynamo.attributes import Item, deserialize, serialize
from receipt_dynamo.keys import VectorId, image_key, line_key, receipt_key, word_key


class ItemError(ValueError):
    """An item that is not the entity it was read as."""


class EmbeddingStatus(StrEnum):
    NONE = "NONE"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class ValidationStatus(StrEnum):
    NONE = "NONE"
    PENDING = "PENDING"
    VALID = "VALID"
    INVALID = "INVALID"


class BatchStatus(StrEnum):
    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class Entity:
    """Turns a dataclass into an item and back; a subclass gives `TYPE` and `key`."""

    TYPE: ClassVar[str]

    def key(self) -> tuple[str, str]:
        raise NotImplementedError

    def to_item(self) -> Item:
        partition, sort = self.key()
        item = {"PK": serialize(partition), "SK": serialize(sort), "TYPE": serialize(self.TYPE)}
        for field in fields(self):  # type: ignore[arg-type]
            item[field.name] = serialize(getattr(self, field.name))
        return item

    @classmethod
    def from_item(cls, item: Item) -> Self:
        kind = deserialize(item.get("TYPE", {"NULL": True}))
        if kind != cls.TYPE:
            raise ItemError(f"expected a {cls.TYPE} item, found {kind}")
        hints = get_type_hints(cls)
        values: dict[str, Any] = {}
        for field in fields(cls):  # type: ignore[arg-type]
            if field.name not in item:
                continue
            value = deserialize(item[field.name])
            hint = hints[field.name]
            is_enum = isinstance(hint, type) and issubclass(hint, StrEnum)
            values[field.name] = hint(value) if is_enum else value
        try:
            return cls(**values)
        except TypeError as error:
            raise ItemError(f"incomplete {cls.TYPE} item: {error}") from error


@dataclass(frozen=True)
class Receipt(Entity):
    TYPE = "RECEIPT"

    image_id: str
    receipt_id: int
    width: int
    height: int
    raw_key: str

    def key(self) -> tuple[str, str]:
        return image_key(self.image_id), receipt_key(self.receipt_id)


@dataclass(frozen=True)
class ReceiptLine(Entity):
    TYPE = "RECEIPT_LINE"

    image_id: str
    receipt_id: int
    line_id: int
    text: str
    embedding_status: EmbeddingStatus = EmbeddingStatus.NONE

    def key(self) -> tuple[str, str]:
        return image_key(self.image_id), line_key(self.receipt_id, self.line_id)

    @property
    def vector_id(self) -> VectorId:
        return VectorId(self.image_id, self.receipt_id, self.line_id)


@dataclass(frozen=True)
class ReceiptWord(Entity):
    TYPE = "RECEIPT_WORD"

    image_id: str
    receipt_id: int
    line_id: int
    word_id: int
    text: str
    embedding_status: EmbeddingStatus = EmbeddingStatus.NONE

    def key(self) -> tuple[str, str]:
        return image_key(self.image_id), word_key(self.receipt_id, self.line_id, self.word_id)

    @property
    def vector_id(self) -> VectorId:
        return VectorId(self.image_id, self.receipt_id, self.line_id, self.word_id)


@dataclass(frozen=True)
class ReceiptWordLabel(Entity):
    TYPE = "RECEIPT_WORD_LABEL"

    image_id: str
    receipt_id: int
    line_id: int
    word_id: int
    label: str
    reasoning: str | None = None
    validation_status: ValidationStatus = ValidationStatus.NONE

    def key(self) -> tuple[str, str]:
        word = word_key(self.receipt_id, self.line_id, self.word_id)
        return image_key(self.image_id), f"{word}#LABEL#{self.label}"

    @property
    def vector_id(self) -> VectorId:
        return VectorId(self.image_id, self.receipt_id, self.line_id, self.word_id)


@dataclass(frozen=True)
class BatchSummary(Entity):
    """One batch of embeddings that was handed to OpenAI."""

    TYPE = "BATCH_SUMMARY"

    batch_id: str
    batch_type: str
    openai_batch_id: str
    submitted_at: str
    request_count: int
    status: BatchStatus = BatchStatus.PENDING

    def key(self) -> tuple[str, str]:
        return f"BATCH#{self.batch_id}", "STATUS"
