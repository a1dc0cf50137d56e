"""Read the arguments of a crawl."""

from __future__ import annotations

import pytest

from engcrawl.arguments import ArchiveArguments, InventoryArguments
from engcrawl.errors import UsageError


@pytest.mark.parametrize("other", ["categories=web", "articles=no", "pagination=links", "max_pages=2", "inventory=no"])
def test_source_rest_goes_with_few_arguments(other: str) -> None:
    name, _, value = other.partition("=")
    line = f"^argument source=rest: takes only site, types, since, until and full beside it, not {name}$"
    with pytest.raises(UsageError, match=line):
        ArchiveArguments.parse({"source": "rest", name: value})


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {"sote": "x"},
            "unknown argument sote: allowed are site, types, categories, since, until, articles, pagination, max_pages",
        ),
        ({"since": "2024-13-01"}, "argument since=2024-13-01: must be a day of the calendar as YYYY-MM-DD"),
        ({"until": "yesterday"}, "argument until=yesterday: must be a day as YYYY-MM-DD"),
        ({"since": "2024-02-01", "until": "2024-01-01"}, "since=2024-02-01 is after until=2024-01-01"),
        ({"site": "engineering.fb.com"}, "argument site=engineering.fb.com: must be an address with http://"),
        ({"articles": "maybe"}, "argument articles=maybe: must be yes or no"),
        ({"max_pages": "0"}, "argument max_pages=0: must be a whole number from 1"),
        ({"categories": ""}, "argument categories=: must be slugs with commas between them"),
    ],
)
def test_a_wrong_argument_is_named_with_what_it_must_be(given: dict[str, str], line: str) -> None:
    with pytest.raises(UsageError) as error:
        ArchiveArguments.parse(given)
    assert str(error.value).startswith(line)


@pytest.mark.parametrize(
    "site", ["file:///etc/passwd", "data:text/html,x", "ftp://127.0.0.1/", "s3://bucket/x", "/etc"]
)
def test_only_web_addresses_are_sites(site: str) -> None:
    with pytest.raises(UsageError) as error:
        InventoryArguments.parse({"site": site})
    line = f"argument site={site}: must be an address with http:// or https://, like https://engineering.fb.com"
    assert str(error.value) == line
