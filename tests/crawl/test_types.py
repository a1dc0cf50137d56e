"""Posts of other types than ``post``: counted where they aren't asked for, archived where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.blog import Fault, Server
from tests.blog.further import publish
from tests.support.commands import run
from tests.support.counting import REST, asked, counted, counted_alone, proof
from tests.support.crawls import Serve, newest_first
from tests.support.nights import articles

PODCASTS, PAGES = 12, 3


@pytest.fixture
def server(serve: Serve) -> Server:
    """Serve a blog of 60 posts, 12 podcasts and 3 pages."""
    server = serve(posts=60)
    publish(server.blog, "podcast", PODCASTS)
    publish(server.blog, "page", PAGES)
    return server


def further(server: Server, *, rest: bool = True) -> list[dict[str, Any]]:
    """What pages, and REST, say of posts of further types."""
    blog = server.blog
    records = [blog.record(post, rest=rest) for posts in blog.further.values() for post in posts]
    return [record if rest else record | {"categories": []} for record in records]


def types(podcasts: int | None, pages: int | None, *, asked_for: bool) -> list[dict[str, Any]]:
    return [
        {"type": "page", "count": pages, "asked": asked_for},
        {"type": "podcast", "count": podcasts, "asked": asked_for},
        {"type": "post", "count": 60, "asked": True},
    ]


def test_types_are_archived_by_rest_and_stay_when_they_are_not_asked_for_any_more(server: Server, output: Path) -> None:
    done = counted(server, output, "-a", "types=all")
    assert done.status == 0, done.log
    assert done.posts == newest_first([*server.blog.truth(rest=True), *further(server)])
    assert done.verdict["types"] == types(PODCASTS, PAGES, asked_for=True)
    assert proof(done)["sources"]["rest"]["claimed"] == 75
    assert (proof(done)["sources"]["rest"]["proves"], proof(done)["sources"]["listings"]["unexpected"]) == (True, 2)
    assert proof(done)["hidden_from_listings"] == 2

    (new,) = publish(server.blog, "podcast", 1)
    night = counted(server, output, "-a", "types=all")
    assert (night.status, night.changes) == (0, {new.id: "new"}), night.log
    assert len(server.requests) == 4 + 2 * 2 + 2  # its page, and whether podcasts are in parts
    assert night.posts == newest_first([*server.blog.truth(rest=True), *further(server)])
    assert night.verdict["types"] == types(PODCASTS + 1, PAGES, asked_for=True)

    server.blog.further["podcast"].pop()
    back = counted(server, output)
    assert (back.status, back.changes, back.posts) == (0, {}, night.posts), back.log
    assert [path for path in articles(server) if "podcast" in path] == []
    assert asked(server, new.path) == []
    assert back.verdict["types"] == types(PODCASTS, PAGES, asked_for=False)
    assert back.verdict["reason"].endswith("proven by rest and sitemap; not asked for: page (3), podcast (12)")
    assert counted(server, output).status == 0
    assert len(server.requests) == 4
    gone = counted(server, output, "-a", "types=podcast,post")
    assert (gone.status, gone.changes) == (0, {new.id: "gone"}), gone.log


def test_a_run_names_the_types_that_it_was_not_asked_for(server: Server, output: Path) -> None:
    done = counted(server, output)
    assert done.status == 0, done.log
    assert done.posts == newest_first(list(server.blog.truth(rest=True)))
    assert done.verdict["types"] == types(PODCASTS, PAGES, asked_for=False)
    assert "post types: page 3 (not asked for), podcast 12 (not asked for), post 60\n" in run(output, "coverage")
    assert counted_alone(server, output).status == 0
    server.requests.clear()
    wrong = counted(server, output, "-a", "types=post,radio")
    assert wrong.status == 2
    assert f"types=post,radio: unknown type radio; {server.url} has: page, podcast, post" in wrong.log
    assert asked(server, r"/category/.*") == []


def test_types_are_archived_by_sitemaps_and_their_own_pages(server: Server, output: Path) -> None:
    server.faults.append(Fault("status", REST, status=404))
    server.sitemap = "wordpress"
    done = counted(server, output, "-a", "types=post,podcast,page")
    assert done.status == 0, done.log
    mine = {post.id for posts in server.blog.further.values() for post in posts}
    assert [post for post in done.posts if post["id"] in mine] == newest_first(further(server, rest=False))
    assert [(t["type"], t["asked"]) for t in done.verdict["types"]] == [(t, True) for t in ("page", "podcast", "post")]
    assert {t["type"]: t["count"] for t in done.verdict["types"]}["podcast"] == PODCASTS
    assert done.verdict["reason"].endswith("proven by sitemap")
    (new,) = publish(server.blog, "podcast", 1)
    night = counted(server, output, "-a", "types=post,podcast,page")
    assert (night.status, night.changes) == (0, {new.id: "new"}), night.log
    assert asked(server, r"/category/.*") == []


def test_a_plugins_sitemap_of_a_taxonomy_is_no_type(server: Server, output: Path) -> None:
    server.faults.append(Fault("status", REST, status=404))
    done = counted(server, output, "-a", "types=all")
    assert done.status == 0, done.log
    assert {post["type"] for post in done.posts} == {"page", "podcast", "post"}
    assert {m["url"]: m["reason"] for m in proof(done)["missing"]} == {
        f"{server.url}/show/{show}/": "a listing, no post" for show in ("machine-room", "night-shift")
    }


def test_types_go_with_rest_alone_and_with_filters(server: Server, output: Path) -> None:
    done = counted(server, output, "-a", "source=rest", "-a", "types=podcast")
    assert done.status == 0, done.log
    assert {(post["type"], *post["categories"]) for post in done.posts} == {
        ("podcast", "machine-room"),
        ("podcast", "night-shift"),
    }
    assert len(done.posts) == PODCASTS


def test_a_part_of_the_archive_has_the_further_types_too(server: Server, output: Path) -> None:
    done = counted(server, output, "-a", "types=all", "-a", "until=2012-03-05")
    assert done.status == 0, done.log
    posts = [*server.blog.truth(rest=True), *further(server)]
    wanted = [post for post in posts if post["published_date"] <= "2012-03-05"]
    assert {post["id"] for post in done.posts} == {post["id"] for post in wanted}
    assert {post["type"] for post in wanted} == {"page", "podcast", "post"}


def test_a_night_finds_a_type_that_only_sitemaps_have(server: Server, output: Path) -> None:
    server.faults.append(Fault("status", "/wp-json/wp/v2/podcast", status=404))
    server.sitemap = "wordpress"
    done = counted(server, output, "-a", "types=all")
    assert done.status == 0, done.log
    assert done.verdict["types"] == types(PODCASTS, PAGES, asked_for=True)
    assert proof(done)["sources"]["rest"]["unexpected"] == PODCASTS
    (new,) = publish(server.blog, "podcast", 1)
    night = counted(server, output, "-a", "types=all")
    assert (night.status, night.changes) == (0, {new.id: "new"}), night.log
    assert asked(server, r"/category/.*") == []
