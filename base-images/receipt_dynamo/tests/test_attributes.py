"""Typed JSON, there and back."""

import unittest

from receipt_dynamo.attributes import deserialize, serialize


class TypedJson(unittest.TestCase):
    def test_round_trip(self) -> None:
        for value in ["tax", "", 3, -1, 2.5, 1e-7, True, False, None, [1, "a"], {"x": [None]}]:
            with self.subTest(value=value):
                self.assertEqual(deserialize(serialize(value)), value)

    def test_a_number_travels_as_text(self) -> None:
        self.assertEqual(serialize(12), {"N": "12"})

    def test_a_truth_value_is_not_a_number(self) -> None:
        self.assertEqual(serialize(True), {"BOOL": True})

    def test_unknown_types_are_errors(self) -> None:
        with self.assertRaisesRegex(TypeError, "no type for set"):
            serialize({1})
        with self.assertRaisesRegex(ValueError, "unknown attribute type 'SS'"):
            deserialize({"SS": ["a"]})
        with self.assertRaisesRegex(ValueError, "one type"):
            deserialize({"S": "a", "N": "1"})
