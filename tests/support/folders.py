"""Say where the project is, and what may be beside it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

SHARED = ROOT.parent / "shared" / "site"
"""The real site's captures, where they are there."""
