"""The archive counted against the site's own lists of its posts: REST, sitemaps, feeds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.blog import Blog, Fault, Server
from tests.blog.sitemaps import Kind
from tests.support.commands import run
from tests.support.counting import COUNTED, REST, asked, counted, hidden, of_sitemap, proof, there, told
from tests.support.crawls import Serve, newest_first
from tests.support.nights import newest, query

SITEMAPS = r"/.*sitemap.*"
FEEDS = "/feed/"


# The proof


def test_the_archive_is_the_truth_and_the_proofs_numbers_are_right(serve: Serve, output: Path) -> None:
    server = serve(posts=500)
    done = counted(server, output)
    assert done.status == 0, done.log
    assert done.posts == told(server)
    posts, secret = there(server.blog), hidden(server.blog)
    found = proof(done)
    inner = [p for p in posts if not p.external]
    numbers = {
        name: (s["status"], s["claimed"], s["listed"], s["in_archive"], s["unexpected"], s["proves"])
        for name, s in found["sources"].items()
    }
    listed = len(posts) - len(secret)
    assert numbers == {
        "listings": ("whole", None, listed, listed, len(secret), False),
        "rest": ("whole", len(posts), len(posts), len(posts), 0, True),
        "sitemap": ("whole", None, len(inner), len(inner), 0, True),
        "feed": ("part", None, 10, 10, 0, False),
    }
    assert {name: found[name] for name in ("posts", "in_archive", "hidden_from_listings", "missing")} == {
        "posts": len(posts),
        "in_archive": len(posts),
        "hidden_from_listings": len(secret),
        "missing": [],
    }
    assert found["disagreements"] == {}
    assert {c["slug"]: (c["claimed"], c["archive"], c["rest"]) for c in found["categories"]} == {
        slug: (count, count, count) for slug, count in server.blog.counts.items()
    }
    assert done.verdict["reason"] == "every post that the site's lists name was read; proven by rest and sitemap"
    assert len(asked(server, "/wp-json/wp/v2/posts")) == 6 + 1  # one asks which posts are in parts
    assert len(asked(server, "/wp-json/wp/v2/categories")) == 1


def test_with_every_trap_at_once_the_archive_is_the_truth_and_the_numbers_are_right(serve: Serve, output: Path) -> None:
    """Ties, hidden posts, categories that no menu shows, a parent's; one post comes and one goes during the crawl."""
    server = serve(posts=COUNTED)
    server.show(Blog(120, 12, ties=True))
    leaving = server.blog.post(newest(server.blog, 120)[-1])
    server.faults.append(Fault("publish", "/category/web/", times=1))
    server.faults.append(Fault("remove", r"/\d{4}/.*", times=1, post=leaving.index))
    done = counted(server, output)
    assert done.status == 0, done.log
    assert done.posts == told(server)
    found, posts = proof(done), there(server.blog)
    inner = [p for p in posts if not p.external]
    missing = {"post": leaving.id, "url": server.url + leaving.path, "reason": "gone: HTTP 404"}
    assert found["missing"] == [missing | {"sources": ["listings", "rest", "sitemap"]}]
    assert (found["posts"], found["in_archive"]) == (len(posts) + 1, len(posts))
    ((sighted,),) = query(output, "SELECT count(DISTINCT key) FROM places")
    assert found["hidden_from_listings"] == found["posts"] - sighted >= len(hidden(server.blog))
    numbers = {
        name: (s["claimed"], s["listed"], s["in_archive"], s["missing"], s["unexpected"], s["proves"])
        for name, s in found["sources"].items()
    }
    assert numbers == {
        "listings": (None, sighted, sighted - 1, [missing], len(posts) + 1 - sighted, False),
        "rest": (len(posts) + 1, len(posts) + 1, len(posts), [missing], 0, True),
        "sitemap": (None, len(inner) + 1, len(inner), [missing], 0, True),
        "feed": (None, 10, 10, [], 0, False),
    }
    again = counted(server, output)
    assert (again.status, again.changes, proof(again)["missing"]) == (0, {}, [])


def test_ties_another_theme_and_a_missing_page_hide_no_post_and_are_told(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    server.show(Blog(120, 12, ties=True))
    blog = server.blog
    lost = {blog.post(i).id for i in blog.lost_in_ties()}
    assert lost
    broken = blog.post(newest(blog, 30)[-1])
    server.faults = [Fault("status", re.escape(broken.path), status=404), Fault("theme", r"/\d{4}/.*")]
    done = counted(server, output)
    assert (done.status, done.problems) == (0, []), done.log
    assert {post["id"] for post in done.posts} == {p.id for p in there(blog)}
    assert proof(done)["hidden_from_listings"] == len(lost | hidden(blog))
    assert [note["url"] for note in done.verdict["notes"]] == [server.url + broken.path]
    read = [p for p in there(blog) if not p.external and p != broken]
    assert proof(done)["disagreements"] == {"title": len(read)}
    assert re.search(r"^pages and REST disagree: title \d+ times$", run(output, "coverage"), re.MULTILINE)


def test_a_post_that_is_published_while_rest_is_read_is_found(serve: Serve, output: Path) -> None:
    faults = [Fault("publish", "/wp-json/wp/v2/posts", times=1, after=1)]
    server = serve(posts=120, faults=faults)
    done = counted(server, output, "-a", "source=rest")
    assert done.status == 0, done.log
    assert {post["id"] for post in done.posts} == {p.id for p in there(server.blog)}
    assert proof(done)["sources"]["rest"]["claimed"] == 121
    again = (
        "REST's list changed meanwhile, so it is read again from its first post: it had 120 posts, and 121 a page later"
    )
    assert again in done.log


def test_a_post_that_goes_while_rest_is_read_makes_no_other_one_fall_between_pages(serve: Serve, output: Path) -> None:
    faults = [Fault("remove", "/wp-json/wp/v2/posts", times=1, after=1, post=3)]
    server = serve(posts=120, faults=faults)
    done = counted(server, output)
    assert done.status == 0, done.log
    assert {p.id for p in there(server.blog)} == {post["id"] for post in done.posts}
    assert proof(done)["sources"]["rest"]["listed"] == 119


# Sources that are off, lie, or are cut short


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        (Fault("status", REST, status=404), "missing", "yoast"),
        (Fault("status", REST, status=403), "forbidden", "wordpress"),
        (Fault("challenge", REST), "failed", "gzip"),
        (Fault("cut", REST), "failed", "yoast"),
    ],
    ids=["404", "403", "a challenge", "half of the JSON"],
)
def test_without_rest_a_sitemap_of_any_kind_tells_what_listings_hide(
    serve: Serve, output: Path, fault: Fault, status: str, kind: Kind
) -> None:
    server = serve(posts=COUNTED, faults=[fault])
    server.sitemap = kind
    done = counted(server, output, settings={"RETRY_TIMES": "1"})
    assert done.status == 0, done.log
    assert done.posts == of_sitemap(server.blog)
    sources = proof(done)["sources"]
    assert (sources["rest"]["status"], sources["rest"]["listed"], sources["rest"]["proves"]) == (status, 0, False)
    inner = [p for p in there(server.blog) if not p.external]
    found = [sources["sitemap"][fact] for fact in ("listed", "unexpected", "proves")]
    assert found == [len(inner), 0, True]
    assert done.verdict["reason"].endswith("proven by sitemap; not asked for: page")


def test_without_rest_and_sitemap_the_verdict_says_that_nothing_is_proven(serve: Serve, output: Path) -> None:
    server = serve(posts=60, faults=[Fault("status", REST, status=403)])
    server.sitemap = "none"
    done = counted(server, output)
    assert (done.status, done.posts) == (0, newest_first(list(server.blog.truth())))
    assert done.verdict["reason"] == "every post that the site's lists name was read; no list proves that these are all"
    sources = proof(done)["sources"]
    assert (sources["sitemap"]["status"], sources["feed"]["status"]) == ("missing", "whole")
    assert sources["feed"]["listed"] == len(server.blog.whole)
    assert not any(source["proves"] for source in sources.values())


@pytest.mark.parametrize(
    ("faults", "proves", "status"),
    [
        ([Fault("status", "/wp-json/wp/v2/posts", status=500, after=1)], ["sitemap"], "part"),
        ([Fault("overclaims", "/wp-json/wp/v2/posts"), Fault("fewer", "/post-sitemap.xml")], [], "part"),
        ([Fault("fewer", "/wp-json/wp/v2/posts")], ["sitemap"], "whole"),
        ([Fault("cut", "/post-sitemap.xml")], ["rest"], "whole"),
    ],
    ids=["REST cut short", "REST claims more, a sitemap lists fewer", "REST lists fewer", "half a sitemap"],
)
def test_a_source_that_lies_or_is_cut_short_proves_nothing(
    serve: Serve, output: Path, faults: list[Fault], proves: list[str], status: str
) -> None:
    server = serve(posts=120, faults=faults)
    done = counted(server, output, settings={"RETRY_TIMES": "0"})
    assert done.status == 0, done.log
    sources = proof(done)["sources"]
    assert [name for name, source in sources.items() if source["proves"]] == proves
    assert sources["rest"]["status"] == status
    known = {post["id"] for post in done.posts}
    assert {p.id for p in there(server.blog) if not p.external} <= known
    for name in ("rest", "sitemap"):
        source = sources[name]
        named = query(output, f"SELECT count(*) FROM mentions WHERE source = '{name}'")[0][0]
        assert (source["listed"], source["in_archive"]) == (named, named)


def test_addresses_of_a_sitemap_that_cannot_be_had_are_listed_with_the_reason(serve: Serve, output: Path) -> None:
    """A page that is forbidden may be a firewall's passing answer: it is ruled out in the third run."""
    server = serve(posts=COUNTED, faults=[Fault("status", REST, status=404)])
    secret = [p for p in there(server.blog) if p.id in hidden(server.blog) and not p.external]
    for post, status in zip(secret, (404, 403, 500), strict=False):
        server.faults.append(Fault("status", re.escape(post.path), status=status))
    for forbidden in (None, None, "forbidden: HTTP 403"):
        done = counted(server, output, settings={"RETRY_TIMES": "0"})
        assert done.status == 3
        assert {one["url"]: (one["post"], one["sources"], one["reason"]) for one in proof(done)["missing"]} == {
            server.url + post.path: (None, ["sitemap"], reason)
            for post, reason in zip(secret, ("gone: HTTP 404", forbidden, None), strict=False)
        }
        trouble = [(secret[2], "HTTP 500")] if forbidden else [(secret[1], "HTTP 403"), (secret[2], "HTTP 500")]
        assert sorted(done.problems) == sorted((server.url + post.path, why) for post, why in trouble)
    server.faults[3:] = []
    server.faults[1:3] = []
    done = counted(server, output, "-a", "full=yes")
    assert (done.status, done.posts) == (0, of_sitemap(server.blog))
    assert proof(done)["missing"] == []


# Where records come from


def test_rest_alone_gives_the_same_records_but_for_what_it_does_not_tell_and_pages_follow(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=120)
    done = counted(server, output, "-a", "source=rest")
    assert done.status == 0, done.log
    assert done.posts == newest_first([server.blog.rest_record(p) for p in there(server.blog)])
    assert len(server.requests) <= 3 + 5  # robots.txt, the front page, categories, types, count of pages, posts
    new = server.blog.publish(("web",))
    edited = server.blog.edit(newest(server.blog, 30)[-1], title="Now")
    night = counted(server, output, "-a", "source=rest")
    assert (night.status, night.changes) == (0, {new.id: "new", edited.id: "updated"})
    assert night.posts == newest_first([server.blog.rest_record(p) for p in there(server.blog)])
    assert len(server.requests) <= 5
    pages = counted(server, output)
    assert (pages.status, pages.posts) == (0, told(server))


def test_rest_takes_nothing_from_an_archive_of_pages(inventoried: Server, output: Path) -> None:
    server = inventoried
    done = counted(server, output, "-a", "source=rest", "-a", "full=yes")
    assert (done.status, done.changes, done.posts) == (0, {}, told(server))


def test_source_rest_fails_where_rest_is_closed(serve: Serve, output: Path) -> None:
    server = serve(posts=1, faults=[Fault("status", REST, status=403)])
    done = counted(server, output, "-a", "source=rest")
    assert done.status == 1
    assert "REST is forbidden: HTTP 403" in done.verdict["reason"]


def test_with_source_pages_records_have_nothing_of_rest(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    server.blog.hide(next(p.index for p in there(server.blog) if p.external))
    done = counted(server, output, "-a", "source=pages")
    assert (done.status, done.posts) == (0, of_sitemap(server.blog))
    outer = {
        re.sub(r"[?&]ref=blog$", "", p.path) for p in there(server.blog) if p.external and p.id in hidden(server.blog)
    }
    assert {one["url"] for one in proof(done)["missing"]} == outer != set()
    assert all(one["reason"].startswith("external: ") for one in proof(done)["missing"])
