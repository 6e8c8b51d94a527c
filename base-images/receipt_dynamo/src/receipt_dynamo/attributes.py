"""DynamoDB's typed JSON: `"tax"` is `{"S": "tax"}`, `3` is `{"N": "3"}`."""

from __future__ import annotations

from typing import Any

Attribute = dict[str, Any]
Item = dict[str, Attribute]


def serialize(value: Any) -> Attribute:
    """The typed attribute of a plain value."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str(value)}
        case int() | float():
            return {"N": str(value)}
        case list() | tuple():
            return {"L": [serialize(element) for element in value]}
        case dict():
            return {"M": {name: serialize(inner) for name, inner in value.items()}}
    raise TypeError(f"DynamoDB has no type for {type(value).__name__}")


def deserialize(attribute: Attribute) -> Any:
    """The plain value of a typed attribute."""
    if len(attribute) != 1:
        raise ValueError(f"a typed attribute has one type, not {sorted(attribute)}")
    [(kind, value)] = attribute.items()
    match kind:
        case "NULL":
            return None
        case "BOOL" | "S":
            return value
        case "N":
            return float(value) if set(value) & set(".eE") else int(value)
        case "L":
            return [deserialize(element) for element in value]
        case "M":
            return {name: deserialize(inner) for name, inner in value.items()}
    raise ValueError(f"unknown attribute type {kind!r}")
