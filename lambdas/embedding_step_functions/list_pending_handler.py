"""Lists the batches that OpenAI has not answered yet, the oldest first, in waves to poll."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from humanize import naturaldelta
from receipt_dynamo import BatchStatus, BatchSummary, Table
from receipt_dynamo.timestamps import parse_timestamp
from shared.batching import portions


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    now = parse_timestamp(event["time"])
    batches = Table(event["Items"]).all(BatchSummary)
    pending = [batch for batch in batches if batch.status is BatchStatus.PENDING]
    pending.sort(key=lambda batch: parse_timestamp(batch.submitted_at))
    polls = [poll(batch, now) for batch in pending]
    return {"pending": len(polls), "waves": portions(polls, event.get("polls_per_wave", 10))}


def poll(batch: BatchSummary, now: datetime) -> dict[str, Any]:
    return {
        "batch_id": batch.batch_id,
        "batch_type": batch.batch_type,
        "openai_batch_id": batch.openai_batch_id,
        "request_count": batch.request_count,
        "waiting": naturaldelta(now - parse_timestamp(batch.submitted_at)),
    }
