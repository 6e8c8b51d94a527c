"""The poll-lines and poll-words Lambdas."""

import json
import unittest
from pathlib import Path

from handlers import lines, words
from receipt_dynamo import ReceiptLine
from testing import check_sample, invoke

POLLING = Path(__file__).parents[1]
LINE = ReceiptLine("a1", 1, 1, "TOTAL 4.86")


class Polling(unittest.TestCase):
    def test_sample_of_lines(self) -> None:
        check_sample(self, lines.lambda_handler, POLLING / "poll_lines")

    def test_sample_of_words(self) -> None:
        check_sample(self, words.lambda_handler, POLLING / "poll_words")

    def test_failures_are_told_with_their_reason(self) -> None:
        refused = {"status_code": 400, "body": {"error": {"message": "input is empty"}}}
        for response, error, reason in [
            (refused, None, "input is empty"),
            (None, {"code": "batch_expired", "message": "too late"}, "too late"),
        ]:
            with self.subTest(reason=reason):
                output = {"custom_id": str(LINE.vector_id), "response": response, "error": error}
                event = {"batch_id": "b1", "Items": [LINE.to_item()], "output": json.dumps(output)}
                answer = invoke(lines.lambda_handler, event)
                self.assertEqual(answer["failures"], {str(LINE.vector_id): reason})
                self.assertEqual(answer["delta"]["upserts"], [])
