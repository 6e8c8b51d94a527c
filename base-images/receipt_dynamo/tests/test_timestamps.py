"""Times and printed dates."""

import unittest
from datetime import UTC, date, datetime

from receipt_dynamo.timestamps import parse_printed_date, parse_timestamp


class Timestamps(unittest.TestCase):
    def test_offsets_become_utc(self) -> None:
        noon = datetime(2025, 3, 1, 12, tzinfo=UTC)
        for text in ["2025-03-01T12:00:00Z", "2025-03-01T12:00:00", "2025-03-01T04:00:00-08:00"]:
            self.assertEqual(parse_timestamp(text), noon)


class PrintedDates(unittest.TestCase):
    def test_as_registers_print_them(self) -> None:
        for text in ["03/14/2024", "2024-03-14", "14 Mar 2024", "March 14, 2024"]:
            with self.subTest(text=text):
                self.assertEqual(parse_printed_date(text), date(2024, 3, 14))

    def test_no_such_day_or_not_a_whole_date(self) -> None:
        for text in ["02/30/2024", "13/32/2024", "TOTAL", "", "Mar 2024", "5.99"]:
            with self.subTest(text=text):
                self.assertIsNone(parse_printed_date(text))
