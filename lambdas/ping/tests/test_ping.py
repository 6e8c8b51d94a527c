"""The ping Lambda."""

import unittest
from pathlib import Path

from handler import lambda_handler
from testing import check_sample, invoke


class Ping(unittest.TestCase):
    def test_sample(self) -> None:
        check_sample(self, lambda_handler, Path(__file__).parents[1])

    def test_an_empty_event(self) -> None:
        self.assertEqual(invoke(lambda_handler, {}), {"pong": None})
