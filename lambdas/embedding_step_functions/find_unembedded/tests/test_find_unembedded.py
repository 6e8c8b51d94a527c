"""The find-unembedded Lambda."""

import unittest
from pathlib import Path

from handler import lambda_handler
from receipt_dynamo import EmbeddingStatus, ReceiptLine, ReceiptWord
from testing import check_sample, invoke


class FindUnembedded(unittest.TestCase):
    def test_sample(self) -> None:
        check_sample(self, lambda_handler, Path(__file__).parents[1])

    def test_a_word_brings_its_line_along(self) -> None:
        items = [
            ReceiptWord("a1", 1, 1, 1, "TOTAL", EmbeddingStatus.SUCCESS).to_item(),
            ReceiptWord("a1", 1, 1, 2, "4.86").to_item(),
            ReceiptWord("a1", 1, 2, 1, "VISA", EmbeddingStatus.SUCCESS).to_item(),
        ]
        [batch] = invoke(lambda_handler, {"Items": items})["batches"]
        self.assertEqual(batch["Items"], items[:2])

    def test_batches_by_lines_keep_their_names(self) -> None:
        lines = [ReceiptLine("a1", 1, line, f"line {line}").to_item() for line in (1, 2, 3)]
        event = {"Items": lines, "lines_per_batch": 2}
        first, again = (invoke(lambda_handler, event)["batches"] for _ in range(2))
        self.assertEqual([len(batch["Items"]) for batch in first], [2, 1])
        self.assertEqual(first, again)
        self.assertNotEqual(first[0]["batch_id"], first[1]["batch_id"])
