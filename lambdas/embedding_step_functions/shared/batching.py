"""Portions for a Map state, which takes only so many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def portions(items: Sequence[T], size: int) -> list[list[T]]:
    """The items in their order, `size` of them at a time."""
    if size < 1:
        raise ValueError(f"a portion holds at least one item, not {size}")
    return [list(items[start : start + size]) for start in range(0, len(items), size)]
