"""Read the arguments of a crawl."""

from __future__ import annotations

import pytest

from engcrawl.arguments import ArchiveArguments
from engcrawl.errors import UsageError


@pytest.mark.parametrize("other", ["categories=web", "articles=no", "pagination=links", "max_pages=2", "inventory=no"])
def test_source_rest_goes_with_few_arguments(other: str) -> None:
    name, _, value = other.partition("=")
    line = f"^argument source=rest: takes only site, types, since, until and full beside it, not {name}$"
    with pytest.raises(UsageError, match=line):
        ArchiveArguments.parse({"source": "rest", name: value})
