"""The aims: ratios and differences of one run, each with its bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from tests.bench.measure import table

T = TypeVar("T")


@dataclass
class Aim:
    """Hold an aim: what is measured, and what it must be at most, or at least."""

    text: str
    measured: float
    bound: float
    least: bool = False
    unit: str = "×"

    @property
    def met(self) -> bool:
        """Say whether the aim is met."""
        return self.measured >= self.bound if self.least else self.measured <= self.bound


def paired(ones: Sequence[T], others: Sequence[T], what: Callable[[T], float]) -> float:
    """Return the median of the ratios, pair by pair: those of one round had the machine in the same mood."""
    return median(what(one) / what(other) for one, other in zip(ones, others, strict=True))


def printed(aims: Sequence[Aim]) -> str:
    """Return the aims as a table."""
    rows = [
        (
            aim.text,
            f"{aim.measured:.2f} ×" if aim.unit == "×" else f"{aim.measured:.0f} {aim.unit}",
            f"{'≥' if aim.least else '≤'} {aim.bound:g} {aim.unit}",
            "yes" if aim.met else "**no**",
        )
        for aim in aims
    ]
    return table({"aim": "<", "measured": ">", "bound": ">", "met": "<"}, rows)
