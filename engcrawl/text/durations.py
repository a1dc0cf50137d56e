"""Lengths of time, as people write and read them."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """Return the length of time that ``90m``, ``26h`` or ``2d`` names. Raise ValueError for anything else."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", text.strip())
    if not match:
        raise ValueError("must be a whole number of minutes, hours or days, like 90m, 26h or 2d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def readable(length: timedelta) -> str:
    """Return a length of time in its two greatest units: ``2d 4h``, ``26m``; ``0m`` for less than a minute."""
    minutes = max(0, int(length.total_seconds() // 60))
    parts = (("d", minutes // 1440), ("h", minutes // 60 % 24), ("m", minutes % 60))
    told = [f"{number}{unit}" for unit, number in parts if number]
    return " ".join(told[:2]) or "0m"


def in_words(seconds: float) -> str:
    """Return a length of time in one or two units: ``1 h 4 min``, ``3 min 20 s``, ``20 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
