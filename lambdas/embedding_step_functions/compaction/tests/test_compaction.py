"""The compaction Lambda."""

import unittest
from pathlib import Path

from handler import lambda_handler
from testing import check_sample, invoke

UPSERT = {"id": "IMAGE#a1#RECEIPT#00001#LINE#00001", "embedding": [1, 0], "document": "TOTAL 4.86"}


class Compaction(unittest.TestCase):
    def test_sample(self) -> None:
        check_sample(self, lambda_handler, Path(__file__).parents[1])

    def test_the_first_delta_begins_a_collection(self) -> None:
        event = {"deltas": [{"collection": "lines", "upserts": [UPSERT]}]}
        [snapshot] = invoke(lambda_handler, event)["snapshots"]
        self.assertEqual(snapshot["records"], [{**UPSERT, "metadata": {}}])

    def test_a_snapshot_without_deltas_stays(self) -> None:
        snapshot = {"collection": "lines", "records": [{**UPSERT, "metadata": {}}]}
        answer = invoke(lambda_handler, {"snapshots": [snapshot], "deltas": []})
        self.assertEqual(answer, {"snapshots": [snapshot]})

    def test_a_collection_that_does_not_exist_has_no_matches(self) -> None:
        query = {"collection": "words", "embedding": [1, 0]}
        self.assertEqual(invoke(lambda_handler, {"deltas": [], "query": query})["matches"], [])
