"""A small embedded vector collection, its deltas and their compaction."""

from receipt_chroma.collection import Collection, Match, Record
from receipt_chroma.compaction import Delta, compact

__all__ = ["Collection", "Delta", "Match", "Record", "compact"]
