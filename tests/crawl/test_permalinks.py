"""Blogs of every permalink structure that WordPress offers, crawled whole against ground truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blog.permalinks import FOREIGN, Permalinks
from tests.support.counting import counted
from tests.support.crawls import Serve, newest_first

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


def test_categories_whose_slugs_only_rest_tells_have_them_in_records_and_in_the_verdict(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=60)
    server.permalinks, server.sitemap = Permalinks("/?p={id}", foreign=True), "wordpress"
    truth = newest_first(list(server.blog.truth(rest=True)))
    for record in truth:
        record["categories"] = sorted(FOREIGN.get(slug, slug) for slug in record["categories"])
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
