"""Conversions of strings: days and instants, addresses, Markdown, harmless HTML."""
