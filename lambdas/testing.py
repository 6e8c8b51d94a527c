"""What the Lambdas' tests share: an invocation as Lambda makes it, and the sample events."""

from __future__ import annotations

import json
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

Handler = Callable[[dict[str, Any], object], Any]


def invoke(handler: Handler, event: dict[str, Any]) -> Any:
    """The handler's answer, with event and answer as JSON as on the wire."""
    return json.loads(json.dumps(handler(json.loads(json.dumps(event)), None)))


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / "events" / name).read_text(encoding="utf-8"))


def check_sample(case: unittest.TestCase, handler: Handler, folder: Path) -> None:
    """The sample event must give exactly the answer that is filed beside it."""
    answer = invoke(handler, read(folder, "sample.json"))
    case.assertEqual(answer, read(folder, "sample.expected.json"))
