"""The upload-images Lambda."""

import base64
import struct
import unittest
from pathlib import Path
from typing import Any

from handler import lambda_handler
from testing import check_sample, invoke

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 600, 1800)
COMMENT = b"\xff\xfe" + struct.pack(">H4s", 6, b"scan")
FRAME = b"\xff\xc2" + struct.pack(">HBHH", 8, 8, 1800, 600)
JPEG = b"\xff\xd8" + COMMENT + FRAME + bytes(6)


def upload(data: bytes) -> Any:
    return invoke(lambda_handler, {"image_id": "a1", "body": base64.b64encode(data).decode()})


class UploadImages(unittest.TestCase):
    def test_sample(self) -> None:
        check_sample(self, lambda_handler, Path(__file__).parents[1])

    def test_both_formats(self) -> None:
        for data, key in [(PNG, "raw/a1.png"), (JPEG, "raw/a1.jpg")]:
            with self.subTest(key=key):
                answer = upload(data)
                self.assertEqual((answer["width"], answer["height"]), (600, 1800))
                self.assertEqual(answer["key"], key)

    def test_refusals(self) -> None:
        for data, reason in [
            (b"GIF89a", "not one of jpeg, png"),
            (PNG[:20], "a PNG without its header chunk"),
            (JPEG[:12], "a JPEG without a frame"),
            (PNG[:16] + struct.pack(">II", 0, 9), "0 by 9 pixels cannot be used"),
        ]:
            with self.subTest(reason=reason):
                self.assertEqual(upload(data), {"accepted": False, "reason": reason})
        self.assertFalse(invoke(lambda_handler, {"image_id": "a1", "body": "?"})["accepted"])
