"""The rules, the text they see, and the lines they read."""

import importlib.util
import unittest

from receipt_dynamo import ReceiptWord, VectorId
from receipt_label import line_texts, load_rules, propose, validate, word_input
from receipt_label.text import normalize


class Proposals(unittest.TestCase):
    def test_table(self) -> None:
        for word, line, label in [
            ("03/14/2024", "03/14/2024 09:12", "DATE"),
            ("02/30/2024", "02/30/2024", None),
            ("9:12am", "03/14/2024 9:12am", "TIME"),
            ("(805)555-0123", "(805)555-0123", "PHONE_NUMBER"),
            ("4.50", "Oat latte 4.50", "LINE_TOTAL"),
            ("$1,204.50", "Total $1,204.50", "GRAND_TOTAL"),
            ("4.50", "Subtotal 4.50", "LINE_TOTAL"),
            ("0.36", "sales tax 0.36", "TAX"),
            ("Visa", "Visa 1234", "PAYMENT_METHOD"),
            ("latte", "Oat latte 4.50", None),
        ]:
            with self.subTest(word=word, line=line):
                rule = propose(word, line)
                self.assertEqual(rule and rule.label, label)

    def test_each_label_has_one_rule(self) -> None:
        labels = [rule.label for rule in load_rules()]
        self.assertEqual(len(labels), len(set(labels)))


class Validation(unittest.TestCase):
    def test_reasons(self) -> None:
        self.assertIsNone(validate("DATE", "03/14/2024", ""))
        self.assertEqual(validate("DATE", "02/30/2024", ""), "02/30/2024 is not in the calendar")
        self.assertEqual(validate("TIME", "25:00", ""), "25:00 is not a time of day")
        self.assertEqual(validate("MOOD", "fine", ""), "MOOD is not a label we know")


class Text(unittest.TestCase):
    def test_accents_and_spaces(self) -> None:
        self.assertEqual(normalize(" Café  au lait "), "CAFE AU LAIT")

    @unittest.skipUnless(importlib.util.find_spec("unidecode"), "needs the extra `full`")
    def test_the_extra_spells_symbols_out(self) -> None:
        self.assertEqual(normalize("€4.50"), "EUR4.50")

    def test_lines_and_inputs(self) -> None:
        words = [ReceiptWord("a1", 1, 1, 2, "4.50"), ReceiptWord("a1", 1, 1, 1, "TOTAL")]
        self.assertEqual(line_texts(words), {VectorId("a1", 1, 1): "TOTAL 4.50"})
        self.assertEqual(
            word_input("4.50", "TOTAL 4.50"), "<TARGET>4.50</TARGET> <CONTEXT>TOTAL 4.50</CONTEXT>"
        )
