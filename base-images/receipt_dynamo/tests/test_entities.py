"""Entities, their keys and the table."""

import json
import unittest

from receipt_dynamo import (
    BatchSummary,
    EmbeddingStatus,
    ItemError,
    Receipt,
    ReceiptLine,
    ReceiptWord,
    ReceiptWordLabel,
    Table,
    VectorId,
)

WORD = ReceiptWord("a1", 1, 2, 3, "TOTAL", EmbeddingStatus.PENDING)


class Entities(unittest.TestCase):
    def test_round_trip(self) -> None:
        for entity in [
            Receipt("a1", 1, 600, 1800, "raw/a1.png"),
            ReceiptLine("a1", 1, 2, "TOTAL 4.50"),
            WORD,
            ReceiptWordLabel("a1", 1, 2, 3, "GRAND_TOTAL"),
            BatchSummary("b1", "WORD", "batch_1", "2025-01-01T00:00:00Z", 4),
        ]:
            with self.subTest(entity=entity):
                item = json.loads(json.dumps(entity.to_item()))
                self.assertEqual(type(entity).from_item(item), entity)

    def test_the_status_comes_back_as_an_enum(self) -> None:
        self.assertIs(ReceiptWord.from_item(WORD.to_item()).embedding_status, EmbeddingStatus.PENDING)

    def test_another_type_is_refused(self) -> None:
        with self.assertRaisesRegex(ItemError, "expected a RECEIPT_LINE item, found RECEIPT_WORD"):
            ReceiptLine.from_item(WORD.to_item())

    def test_a_missing_attribute_is_named(self) -> None:
        item = WORD.to_item()
        del item["text"]
        with self.assertRaisesRegex(ItemError, "incomplete RECEIPT_WORD item: .*'text'"):
            ReceiptWord.from_item(item)


class VectorIds(unittest.TestCase):
    def test_round_trip(self) -> None:
        for text in ["IMAGE#a1#RECEIPT#00001#LINE#00002", str(WORD.vector_id)]:
            self.assertEqual(str(VectorId.parse(text)), text)

    def test_anything_else_is_refused(self) -> None:
        for text in ["", "IMAGE#a1", "IMAGE#a1#RECEIPT#1#LINE#2", f"{WORD.vector_id}#X"]:
            with self.subTest(text=text), self.assertRaises(ValueError):
                VectorId.parse(text)


class Tables(unittest.TestCase):
    def test_query_by_prefix_in_key_order(self) -> None:
        table = Table()
        for word_id in (3, 1, 2):
            table.put(ReceiptWord("a1", 1, 1, word_id, f"w{word_id}"))
        table.put(ReceiptLine("a1", 2, 1, "other receipt"))
        self.assertEqual([word.text for word in table.all(ReceiptWord)], ["w1", "w2", "w3"])
        self.assertEqual(len(table.query("IMAGE#a1", "RECEIPT#00002")), 1)

    def test_a_second_put_replaces_the_first(self) -> None:
        table = Table([WORD.to_item()])
        table.put(ReceiptWord("a1", 1, 2, 3, "TOTAL", EmbeddingStatus.SUCCESS))
        self.assertEqual(len(table), 1)
        self.assertEqual(table.all(ReceiptWord)[0].embedding_status, EmbeddingStatus.SUCCESS)

    def test_ndjson(self) -> None:
        export = json.dumps({"Item": WORD.to_item()}) + "\n\n"
        table = Table.from_ndjson(export)
        self.assertEqual(table.all(ReceiptWord), [WORD])
        self.assertEqual(Table.from_ndjson(table.to_ndjson()).items(), table.items())
