"""The list-pending Lambda."""

import unittest
from pathlib import Path

from list_pending_handler import lambda_handler
from receipt_dynamo import BatchStatus, BatchSummary
from testing import check_sample, invoke


class ListPending(unittest.TestCase):
    def test_sample(self) -> None:
        check_sample(self, lambda_handler, Path(__file__).parents[1])

    def test_finished_batches_are_left_out(self) -> None:
        done = BatchSummary("b1", "LINE", "batch_1", "2025-01-01T00:00:00Z", 4, BatchStatus.COMPLETED)
        answer = invoke(lambda_handler, {"time": "2025-01-02T00:00:00Z", "Items": [done.to_item()]})
        self.assertEqual(answer, {"pending": 0, "waves": []})
