"""The submit-openai Lambda."""

import hashlib
import json
import unittest
from pathlib import Path

from handler import lambda_handler
from receipt_dynamo import EmbeddingStatus, ReceiptWord
from testing import check_sample, invoke


class SubmitOpenai(unittest.TestCase):
    def test_sample(self) -> None:
        check_sample(self, lambda_handler, Path(__file__).parents[1])

    def test_context_is_embedded_with_the_word_not_by_itself(self) -> None:
        items = [
            ReceiptWord("a1", 1, 1, 1, "TOTAL", EmbeddingStatus.SUCCESS).to_item(),
            ReceiptWord("a1", 1, 1, 2, "€4.86").to_item(),
        ]
        answer = invoke(lambda_handler, {"batch_id": "b1", "Items": items})
        self.assertEqual(answer["sha256"], hashlib.sha256(answer["input"].encode()).hexdigest())
        [request] = [json.loads(line) for line in answer["input"].splitlines()]
        self.assertEqual(request["custom_id"], "IMAGE#a1#RECEIPT#00001#LINE#00001#WORD#00002")
        self.assertEqual(request["body"]["input"], "<TARGET>€4.86</TARGET> <CONTEXT>TOTAL €4.86</CONTEXT>")
