"""The rules of `data/labels.json`, used both ways: to propose a label and to check one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from receipt_dynamo.timestamps import parse_printed_date
from receipt_label.text import normalize


@dataclass(frozen=True)
class Rule:
    label: str
    pattern: str
    description: str
    line: str | None = None
    calendar: bool = False

    def objection(self, word: str, line: str) -> str | None:
        """Why the word is not what the label says, or nothing."""
        plain = normalize(word)
        if not re.fullmatch(self.pattern, plain):
            return f"{word} is not {self.description}"
        if self.calendar and parse_printed_date(plain) is None:
            return f"{word} is not in the calendar"
        if self.line and not re.search(rf"\b(?:{self.line})\b", normalize(line)):
            return f"{word} is not {self.description}"
        return None


@cache
def load_rules() -> tuple[Rule, ...]:
    """All rules, the more particular ones first."""
    data = files("receipt_label").joinpath("data/labels.json").read_text(encoding="utf-8")
    return tuple(Rule(**rule) for rule in json.loads(data)["rules"])


def propose(word: str, line: str) -> Rule | None:
    """The first rule that has nothing against the word."""
    return next((rule for rule in load_rules() if rule.objection(word, line) is None), None)


def validate(label: str, word: str, line: str) -> str | None:
    """Why the label is wrong, or nothing."""
    for rule in load_rules():
        if rule.label == label:
            return rule.objection(word, line)
    return f"{label} is not a label we know"
