"""The validate-pending-labels Lambda."""

import unittest
from pathlib import Path

from handler import lambda_handler
from receipt_dynamo import ReceiptWord, ReceiptWordLabel, ValidationStatus
from testing import check_sample, invoke


class ValidatePendingLabels(unittest.TestCase):
    def test_sample(self) -> None:
        check_sample(self, lambda_handler, Path(__file__).parents[1])

    def test_only_pending_labels_are_judged(self) -> None:
        items = [
            ReceiptWord("a1", 1, 1, 1, "09:12").to_item(),
            ReceiptWordLabel("a1", 1, 1, 1, "TIME", None, ValidationStatus.VALID).to_item(),
        ]
        self.assertEqual(invoke(lambda_handler, {"Items": items}), {"summary": {}, "Items": []})

    def test_a_label_without_its_word_is_invalid(self) -> None:
        label = ReceiptWordLabel("a1", 1, 1, 1, "TIME", None, ValidationStatus.PENDING)
        [item] = invoke(lambda_handler, {"Items": [label.to_item()]})["Items"]
        self.assertEqual(item["validation_status"], {"S": "INVALID"})
        self.assertEqual(item["reasoning"], {"S": "the labelled word does not exist"})
