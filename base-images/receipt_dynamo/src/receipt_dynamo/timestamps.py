"""Times of our own machines, and dates as a cash register prints them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from dateutil import parser

_DEFAULTS = (datetime(2000, 1, 1), datetime(2001, 2, 2))


def parse_timestamp(text: str) -> datetime:
    """An ISO 8601 time in UTC; one that names no offset is taken as UTC."""
    moment: datetime = parser.isoparse(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_printed_date(text: str) -> date | None:
    """The calendar day of a printed date, month first where it is ambiguous."""
    try:
        # A part that the text does not give comes from the default, and then the two differ.
        days = {parser.parse(text, default=default).date() for default in _DEFAULTS}
    except (ValueError, OverflowError):
        return None
    return days.pop() if len(days) == 1 else None
