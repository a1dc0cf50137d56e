"""Blogs of every permalink structure that WordPress offers, crawled whole against ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.blog import Fault, Server
from tests.blog.blog import CATEGORIES
from tests.blog.languages import GERMAN
from tests.blog.permalinks import FOREIGN, Permalinks
from tests.blog.themes import Theme
from tests.support.counting import counted, hidden
from tests.support.crawls import Serve, by_id, newest_first

STRUCTURES = {
    "plain": Permalinks("/?p={id}"),
    "month and name": Permalinks("/{year}/{month}/{slug}/"),
    "numeric": Permalinks("/archives/{id}"),
    "post name": Permalinks("/{slug}/"),
    "custom, another category base": Permalinks("/{year}/{slug}.html", base="themen"),
    "index.php": Permalinks(index=True),
    "index.php, post name": Permalinks("/{slug}/", index=True),
    "in a folder": Permalinks(folder="/blog"),
    "plain, in a folder": Permalinks("/?p={id}", folder="/blog"),
    "a static front page": Permalinks(static=True),
}


@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_archive_is_the_truth_whatever_the_permalinks(serve: Serve, output: Path, structure: str) -> None:
    server = serve(posts=60)
    server.permalinks = STRUCTURES[structure]
    server.sitemap = "wordpress"
    done = counted(server, output)
    assert (done.status, done.problems) == (0, []), done.log
    assert done.posts == newest_first(list(server.blog.truth(rest=True)))
    assert {name: source["status"] for name, source in done.verdict["proof"]["sources"].items()} == {
        "listings": "whole",
        "rest": "whole",
        "sitemap": "missing" if server.permalinks.index else "whole",  # WordPress' own need the server to rewrite
        "feed": "part",
    }
    night = counted(server, output)
    assert (night.status, night.changes, len(server.requests)) == (0, {}, 4)


@pytest.mark.parametrize("theme", ["blocks", "classic"])
def test_a_blog_in_another_language_is_the_truth_with_rest_and_without_it_and_a_sitemap(
    serve: Serve, output: Path, theme: Theme
) -> None:
    server = serve(posts=150)
    rest = theme == "blocks"
    server.theme, server.blog.language, server.permalinks = theme, GERMAN, Permalinks(base="kategorie")
    if not rest:
        server.sitemap, server.faults = "none", [Fault("status", "/wp-json/.*", status=404)]
    truth = newest_first(list(server.blog.truth(rest=rest)))
    assert {"%e6%97%a5" in record["url"] for record in truth} == {True, False}
    assert any((record["published_at"] or "")[:10] < record["published_date"] for record in truth)
    done = counted(server, output)
    assert (done.status, done.problems) == (0, []), done.log
    listed = {record["id"] for record in truth}
    assert [record for record in done.posts if record["id"] in listed] == truth
    assert {record["id"] for record in done.posts} - listed <= hidden(server.blog)  # the feed's newest ones
    night = counted(server, output)
    assert (night.status, night.changes) == (0, {}), night.log


def test_categories_whose_slugs_only_rest_tells_have_them_in_records_and_in_the_verdict(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=60)
    server.permalinks, server.sitemap = Permalinks("/?p={id}", foreign=True), "wordpress"
    truth = filed(server, FOREIGN, rest=True)
    done = counted(server, output)
    assert (done.status, done.problems, done.posts) == (0, [], truth), done.log
    first = done.verdict
    night = counted(server, output)
    assert (night.status, night.changes, len(server.requests)) == (0, {}, 4), night.log
    sweep = counted(server, output, "-a", "full=yes")
    assert (sweep.status, sweep.changes) == (0, {}), sweep.log
    for verdict in (first, sweep.verdict):
        slugs = {category["slug"] for category in verdict["categories"]}
        assert {slug for slug in slugs if not slug.isascii() or slug.startswith("?")} == {*FOREIGN.values()}


@pytest.mark.parametrize("theme", ["classic", "blocks"])
def test_categories_whose_slugs_nothing_tells_have_their_numbers_until_rest_tells(
    serve: Serve, output: Path, theme: Theme
) -> None:
    server = serve(posts=60, faults=[Fault("status", "/wp-json/.*", status=404)])
    server.theme, server.permalinks, server.sitemap = theme, Permalinks("/?p={id}", foreign=True), "none"
    first = counted(server, output)
    done = counted(server, output)  # block themes name some in posts alone, so their archives are read after these
    for night in (first, done):
        assert (night.status, night.problems) == (0, []), night.log
    numbers = {slug: f"?cat={CATEGORIES[slug].number}" for slug in FOREIGN}
    assert by_id(done.posts) == by_id(filed(server, numbers, rest=False))
    assert (done.changes == {}) == (theme == "classic")
    assert {note["url"] for note in done.verdict["notes"]} == {f"{server.url}/{number}" for number in numbers.values()}
    assert all("records have its number" in note["reason"] for note in done.verdict["notes"])
    server.faults.clear()
    told = counted(server, output, "-a", "full=yes")
    assert (told.status, told.verdict["notes"]) == (0, []), told.log
    assert by_id(told.posts) == by_id(filed(server, FOREIGN, rest=True))


def filed(server: Server, slugs: dict[str, str], *, rest: bool) -> list[dict[str, Any]]:
    """Return the truth, with other *slugs* for some categories."""
    truth = newest_first(list(server.blog.truth(rest=rest)))
    for record in truth:
        record["categories"] = sorted(slugs.get(slug, slug) for slug in record["categories"])
    return truth
