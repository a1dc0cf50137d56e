"""Scrapy's stats as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engcrawl.text.dates import rfc3339
from engcrawl.text.visible import masked


def plain(value: Any) -> Any:
    """Return *value* as JSON has it, without secrets.

    Instants are RFC 3339 (one without a zone is UTC, as Scrapy's stats are), days ISO 8601, durations seconds; sets
    are sorted lists; a number that JSON has no form for is null. Anything else is named by its type.
    """
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str():
            return masked(value)
        case datetime():
            return rfc3339(value if value.tzinfo else value.replace(tzinfo=UTC))
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {masked(str(key)): plain(value[key]) for key in sorted(value, key=str)}
        case set() | frozenset():
            return sorted(map(plain, value), key=str)
        case list() | tuple():
            return [plain(one) for one in value]
        case _:
            return f"<{type(value).__module__}.{type(value).__qualname__}>"
