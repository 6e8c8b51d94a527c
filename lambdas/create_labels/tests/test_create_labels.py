"""The create-labels Lambda."""

import unittest
from pathlib import Path

from handler import lambda_handler
from receipt_dynamo import ReceiptWord
from testing import check_sample, invoke


class CreateLabels(unittest.TestCase):
    def test_sample(self) -> None:
        check_sample(self, lambda_handler, Path(__file__).parents[1])

    def test_the_line_decides_between_two_amounts(self) -> None:
        words = [("TOTAL", 1, 1), ("4.86", 1, 2), ("latte", 2, 1), ("4.50", 2, 2)]
        items = [ReceiptWord("a1", 1, line, word, text).to_item() for text, line, word in words]
        labels = invoke(lambda_handler, {"Items": items})["labels"]
        self.assertEqual(list(labels.values()), ["GRAND_TOTAL", "LINE_TOTAL"])
