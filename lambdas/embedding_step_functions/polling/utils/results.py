"""The output file of OpenAI's batch API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from receipt_dynamo import VectorId


@dataclass
class Results:
    embeddings: dict[VectorId, list[float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, output: str) -> Results:
        results = cls()
        for line in output.splitlines():
            answer = json.loads(line)
            if reason := failure(answer):
                results.failures[answer["custom_id"]] = reason
            else:
                [embedded] = answer["response"]["body"]["data"]
                results.embeddings[VectorId.parse(answer["custom_id"])] = embedded["embedding"]
        return results


def failure(answer: dict[str, Any]) -> str | None:
    if answer["error"]:
        return str(answer["error"]["message"])
    response = answer["response"]
    if response["status_code"] != 200:
        return str(response["body"]["error"]["message"])
    return None
