"""The collection and its compaction."""

import unittest

from receipt_chroma import Collection, Delta, Record, compact
from receipt_dynamo import VectorId


def record(line_id: int, *embedding: float, text: str = "") -> Record:
    return Record(str(VectorId("a1", 1, line_id)), list(embedding), text)


class Queries(unittest.TestCase):
    def setUp(self) -> None:
        self.lines = Collection("lines", [record(1, 1, 0), record(2, 3, 3), record(3, 0, 2)])

    def test_best_first_whatever_the_length(self) -> None:
        matches = self.lines.query([5, 0], limit=2)
        self.assertEqual([match.id[-1] for match in matches], ["1", "2"])
        self.assertEqual([match.similarity for match in matches], [1.0, 0.707107])

    def test_a_tie_goes_by_id(self) -> None:
        self.assertEqual([match.id[-1] for match in self.lines.query([1, 1])], ["2", "1", "3"])

    def test_refusals(self) -> None:
        with self.assertRaisesRegex(ValueError, "3 dimensions in a collection of 2"):
            self.lines.upsert(record(4, 1, 2, 3))
        with self.assertRaisesRegex(ValueError, "needs a direction"):
            record(4, 0, 0)
        with self.assertRaisesRegex(ValueError, "not the id"):
            Record("line four", [1.0], "")


class Compaction(unittest.TestCase):
    def setUp(self) -> None:
        self.lines = Collection("lines", [record(1, 1, 0), record(2, 0, 1)])

    def test_later_deltas_win_and_the_source_stays(self) -> None:
        deltas = [
            Delta("lines", [record(2, 1, 1, text="first")], [record(1, 1).id]),
            Delta("words", [record(9, 1, 1)], []),
            Delta("lines", [record(2, 2, 1, text="second")], ["never there"]),
        ]
        merged = compact(self.lines, deltas)
        self.assertEqual([r["document"] for r in merged.snapshot()["records"]], ["second"])
        self.assertEqual(len(self.lines), 2)

    def test_a_delta_of_upserts_alone(self) -> None:
        delta = Delta.from_json({"collection": "lines", "upserts": [{**vars(record(3, 1, 1))}]})
        self.assertEqual(len(compact(self.lines, [delta])), 3)

    def test_a_snapshot_comes_back(self) -> None:
        snapshot = self.lines.snapshot()
        self.assertEqual(Collection.from_snapshot(snapshot).snapshot(), snapshot)
