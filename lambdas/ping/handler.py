"""Answers, to show that an image runs."""

from __future__ import annotations

from typing import Any


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {"pong": event.get("ping")}
