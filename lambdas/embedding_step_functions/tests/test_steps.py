"""The shared file, and that the sample events are one run: each step takes what the last one gave."""

import json
import unittest
from pathlib import Path
from typing import Any

from shared.batching import portions
from testing import read

STEPS = Path(__file__).parents[1]


def event(step: str) -> Any:
    return read(STEPS / step, "sample.json")


def answer(step: str) -> Any:
    return read(STEPS / step, "sample.expected.json")


class Portions(unittest.TestCase):
    def test_the_last_one_may_be_smaller(self) -> None:
        self.assertEqual(portions("abcde", 2), [["a", "b"], ["c", "d"], ["e"]])
        self.assertEqual(portions([], 2), [])

    def test_none_is_empty(self) -> None:
        with self.assertRaisesRegex(ValueError, "at least one item, not 0"):
            portions([1], 0)


class Steps(unittest.TestCase):
    def test_what_is_unembedded_is_submitted(self) -> None:
        self.assertIn(event("submit_openai"), answer("find_unembedded")["batches"])

    def test_what_was_submitted_is_polled(self) -> None:
        submitted, polled = answer("submit_openai"), event("polling/poll_words")
        self.assertEqual(submitted["batch_id"], polled["batch_id"])
        self.assertEqual(custom_ids(submitted["input"]), custom_ids(polled["output"]))
        waiting = [poll["batch_id"] for wave in answer("list_pending")["waves"] for poll in wave]
        self.assertIn(polled["batch_id"], waiting)

    def test_what_was_polled_is_compacted(self) -> None:
        polled = [answer(f"polling/{step}")["delta"] for step in ("poll_lines", "poll_words")]
        self.assertEqual(event("compaction")["deltas"], polled)


def custom_ids(jsonl: str) -> list[str]:
    return [json.loads(line)["custom_id"] for line in jsonl.splitlines()]
