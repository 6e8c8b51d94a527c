"""Takes a scanned receipt, looks at its header, and says where it is to be kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from pathlib import Path
from typing import Any

from dimensions import DIMENSIONS, HeaderError
from receipt_dynamo import Receipt

ASSETS = Path(__file__).parent / "assets"
LIMITS = json.loads((ASSETS / "limits.json").read_text())
FORMATS = [json.loads(path.read_text()) for path in sorted((ASSETS / "formats").iterdir())]


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    try:
        return accept(event["image_id"], base64.b64decode(event["body"], validate=True))
    except (HeaderError, binascii.Error) as error:
        return {"accepted": False, "reason": str(error)}


def accept(image_id: str, data: bytes) -> dict[str, Any]:
    if len(data) > LIMITS["max_bytes"]:
        raise HeaderError(f"{len(data)} bytes are more than {LIMITS['max_bytes']}")
    found = next((f for f in FORMATS if data.startswith(bytes.fromhex(f["magic"]))), None)
    if found is None:
        raise HeaderError(f"not one of {', '.join(f['name'] for f in FORMATS)}")
    width, height = DIMENSIONS[found["name"]](data)
    if not 0 < width * height <= LIMITS["max_pixels"]:
        raise HeaderError(f"{width} by {height} pixels cannot be used")
    key = f"raw/{image_id}.{found['extension']}"
    return {
        "accepted": True,
        "key": key,
        "content_type": found["content_type"],
        "width": width,
        "height": height,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "Item": Receipt(image_id, 1, width, height, raw_key=key).to_item(),
    }
