"""Which word of a receipt means what, by rules kept as data."""

from receipt_label.formatting import line_of, line_texts, word_input
from receipt_label.rules import Rule, load_rules, propose, validate

__all__ = ["Rule", "line_of", "line_texts", "load_rules", "propose", "validate", "word_input"]
