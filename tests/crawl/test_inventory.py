"""The archive counted against the site's own lists of its posts: REST, sitemaps, feeds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.blog import Blog, Fault, Server
from tests.blog.sitemaps import Kind
from tests.support.commands import run
from tests.support.counting import COUNTED, REST, asked, counted, counted_alone, hidden, proof, there
from tests.support.crawls import Serve, crawl, environment, newest_first
from tests.support.folders import ROOT
from tests.support.nights import articles, newest, paths, query

SITEMAPS = r"/.*sitemap.*"
FEEDS = "/feed/"


def truth(blog: Blog) -> list[dict[str, Any]]:
    """What pages and REST together say."""
    return newest_first(list(blog.truth(rest=True)))


# The proof


def test_the_archive_is_the_truth_and_the_proofs_numbers_are_right(serve: Serve, output: Path) -> None:
    server = serve(posts=500)
    done = counted(server, output)
    assert done.status == 0, done.log
    assert done.posts == truth(server.blog)
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
    assert done.posts == truth(server.blog)
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


def test_a_changed_theme_shows_in_what_pages_and_rest_disagree_on(serve: Serve, output: Path) -> None:
    server = serve(posts=60, faults=[Fault("theme", r"/\d{4}/.*")])
    done = counted(server, output)
    assert done.status == 0, done.log
    assert proof(done)["disagreements"] == {"title": len([p for p in there(server.blog) if not p.external])}
    assert re.search(r"^pages and REST disagree: title \d+ times$", run(output, "coverage"), re.MULTILINE)


def test_posts_that_ties_lose_between_pages_are_in_the_archive(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    server.show(Blog(120, 12, ties=True))
    lost = {server.blog.post(i).id for i in server.blog.lost_in_ties()}
    assert lost
    done = counted(server, output)
    assert done.status == 0, done.log
    assert {post["id"] for post in done.posts} == {p.id for p in there(server.blog)}
    assert proof(done)["hidden_from_listings"] == len(lost | hidden(server.blog))


def test_a_post_that_is_published_while_rest_is_read_is_found(serve: Serve, output: Path) -> None:
    faults = [Fault("publish", "/wp-json/wp/v2/posts", times=1, after=1)]
    server = serve(posts=250, faults=faults)
    done = counted(server, output, "-a", "source=rest")
    assert done.status == 0, done.log
    assert {post["id"] for post in done.posts} == {p.id for p in there(server.blog)}
    assert proof(done)["sources"]["rest"]["claimed"] == 251
    assert (
        "REST's list changed meanwhile, so it is read again from its first post: it had 250 posts, and 251 a page later"
        in done.log
    )


def test_a_post_that_goes_while_rest_is_read_makes_no_other_one_fall_between_pages(serve: Serve, output: Path) -> None:
    faults = [Fault("remove", "/wp-json/wp/v2/posts", times=1, after=1, post=3)]
    server = serve(posts=250, faults=faults)
    done = counted(server, output)
    assert done.status == 0, done.log
    assert {p.id for p in there(server.blog)} == {post["id"] for post in done.posts}
    assert proof(done)["sources"]["rest"]["listed"] == 249


def test_a_post_that_goes_before_it_is_read_is_listed_with_the_reason(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    leaving = server.blog.post(newest(server.blog, 30)[-1])
    server.faults.append(Fault("remove", r"/\d{4}/.*", times=1, post=leaving.index))
    done = counted(server, output)
    assert done.status == 0, done.log
    assert done.posts == truth(server.blog)
    (missing,) = proof(done)["missing"]
    assert missing == {
        "post": leaving.id,
        "url": server.url + leaving.path,
        "sources": ["listings", "rest", "sitemap"],
        "reason": "gone: HTTP 404",
    }
    again = counted(server, output)
    assert (again.status, again.changes) == (0, {})
    assert proof(again)["missing"] == []


def test_a_post_whose_page_is_not_there_although_rest_has_it_is_read_there(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    broken = server.blog.post(newest(server.blog, 30)[-1])
    server.faults.append(Fault("status", re.escape(broken.path), status=404))
    done = counted(server, output)
    assert (done.status, done.problems) == (0, [])
    assert [note["url"] for note in done.verdict["notes"]] == [server.url + broken.path]
    assert {post["id"] for post in done.posts} == {p.id for p in there(server.blog)}


# Sources that are off, lie, or are cut short


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault("status", REST, status=404), "missing"),
        (Fault("status", REST, status=403), "forbidden"),
        (Fault("challenge", REST), "failed"),
        (Fault("cut", REST), "failed"),
    ],
    ids=["404", "403", "a challenge", "half of the JSON"],
)
def test_without_rest_the_sitemap_tells_what_listings_hide(
    serve: Serve, output: Path, fault: Fault, status: str
) -> None:
    server = serve(posts=COUNTED, faults=[fault])
    done = counted(server, output, settings={"RETRY_TIMES": "1"})
    assert done.status == 0, done.log
    assert done.posts == of_sitemap(server.blog)
    sources = proof(done)["sources"]
    assert (sources["rest"]["status"], sources["rest"]["listed"], sources["rest"]["proves"]) == (status, 0, False)
    assert (sources["sitemap"]["unexpected"], sources["sitemap"]["proves"]) == (0, True)
    assert done.verdict["reason"].endswith("proven by sitemap; not asked for: page")


def of_sitemap(blog: Blog) -> list[dict[str, Any]]:
    """What listings and a sitemap tell: all but the external posts that listings hide."""
    secret = [blog.record(p) for p in there(blog) if p.id in hidden(blog) and not p.external]
    return newest_first([*blog.truth(), *secret])


@pytest.mark.parametrize("kind", ["wordpress", "gzip"])
def test_every_kind_of_sitemap_is_read(serve: Serve, output: Path, kind: Kind) -> None:
    server = serve(posts=60, faults=[Fault("status", REST, status=404)])
    server.sitemap = kind
    done = counted(server, output)
    assert (done.status, done.posts) == (0, of_sitemap(server.blog))
    assert proof(done)["sources"]["sitemap"]["listed"] == len([p for p in there(server.blog) if not p.external])


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
        ([Fault("overclaims", "/wp-json/wp/v2/posts")], ["sitemap"], "part"),
        ([Fault("fewer", "/wp-json/wp/v2/posts")], ["sitemap"], "whole"),
        ([Fault("fewer", "/post-sitemap.xml")], ["rest"], "whole"),
        ([Fault("cut", "/post-sitemap.xml")], ["rest"], "whole"),
    ],
    ids=["REST cut short", "REST claims more", "REST lists fewer", "a sitemap lists fewer", "half a sitemap"],
)
def test_a_source_that_lies_or_is_cut_short_proves_nothing(
    serve: Serve, output: Path, faults: list[Fault], proves: list[str], status: str
) -> None:
    server = serve(posts=250, faults=faults)
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


def test_rest_alone_gives_the_same_records_but_for_what_it_does_not_tell(serve: Serve, output: Path) -> None:
    server = serve(posts=250)
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


def test_rest_takes_nothing_from_an_archive_of_pages(inventoried: Server, output: Path) -> None:
    server = inventoried
    done = counted(server, output, "-a", "source=rest", "-a", "full=yes")
    assert (done.status, done.changes, done.posts) == (0, {}, truth(server.blog))


def test_pages_follow_an_archive_of_rest(serve: Serve, output: Path) -> None:
    server = serve(posts=60)
    assert counted(server, output, "-a", "source=rest").status == 0
    done = counted(server, output)
    assert (done.status, done.posts) == (0, truth(server.blog))


def test_source_rest_fails_where_rest_is_closed(serve: Serve, output: Path) -> None:
    server = serve(posts=40, faults=[Fault("status", REST, status=403)])
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


# Every night


def test_a_night_with_nothing_new_costs_four_requests_and_is_proven(inventoried: Server, output: Path) -> None:
    server = inventoried
    before = (output / "posts.jsonl").read_bytes()
    done = counted(server, output)
    assert (done.status, done.changes) == (0, {})
    assert len(server.requests) == 4
    assert (output / "posts.jsonl").read_bytes() == before
    assert proof(done)["sources"]["rest"]["proves"]
    sitemap_read = proof(done)["sources"]["sitemap"]["asked"]
    assert done.verdict["reason"].endswith(f"proven by rest and sitemap as of {sitemap_read}")


def test_a_night_with_news_fetches_them_alone(inventoried: Server, output: Path) -> None:
    server = inventoried
    new = [server.blog.publish((slug,)) for slug in ("web", "storage", "quantum")]
    edited = [server.blog.edit(i) for i in newest(server.blog, 40)[-3:]]  # the bodies: no listing shows it
    done = counted(server, output)
    assert done.status == 0, done.log
    assert done.changes == {p.id: "new" for p in new} | {p.id: "updated" for p in edited}
    assert articles(server) == paths([*new, *edited])
    assert len(server.requests) == 4 + 1 + len(articles(server))  # one asks which posts are in parts
    assert done.posts == truth(server.blog)
    assert proof(done)["sources"]["rest"]["claimed"] == COUNTED + 3
    assert counted(server, output).changes == {}
    assert len(server.requests) == 4


def test_where_a_post_went_everything_is_walked(inventoried: Server, output: Path) -> None:
    server = inventoried
    removed = server.blog.remove(newest(server.blog, 30)[-1])
    done = counted(server, output)
    assert (done.status, done.changes) == (0, {removed.id: "gone"})
    assert "changes that the quick check didn't find" in done.log
    assert proof(done)["sources"]["rest"]["claimed"] == COUNTED - 1
    counted(server, output)
    assert len(server.requests) == 4


def test_a_hidden_external_post_that_is_edited_is_found(serve: Serve, output: Path) -> None:
    server = serve(posts=60)
    post = next(p for p in there(server.blog) if p.external)
    server.blog.hide(post.index)
    assert counted(server, output).posts == truth(server.blog)
    server.blog.edit(post.index, title="Elsewhere")
    done = counted(server, output)
    assert (done.status, done.changes) == (0, {post.id: "updated"})
    assert done.posts == truth(server.blog)


def test_a_post_whose_page_could_not_be_had_is_tried_again_on_a_quiet_night(inventoried: Server, output: Path) -> None:
    server = inventoried
    edited = server.blog.edit(newest(server.blog, 30)[-1])
    new = [server.blog.publish((slug,)) for slug in ("web", "storage")]  # one is external
    server.faults.append(Fault("status", r"/\d{4}/.*", status=500))
    done = counted(server, output, settings={"RETRY_TIMES": "0"})
    assert (done.status, done.changes) == (3, {post.id: "new" for post in new})
    again = counted(server, output, settings={"RETRY_TIMES": "0"})
    assert (again.status, again.problems) == (3, done.problems)
    server.faults.clear()
    done = counted(server, output)
    assert (done.status, articles(server)) == (0, paths([*new, edited]))
    assert done.posts == truth(server.blog)


def test_where_rest_does_not_answer_the_night_walks_pages(inventoried: Server, output: Path) -> None:
    server = inventoried
    server.faults.append(Fault("status", REST, status=500))
    new = server.blog.publish(("web",))
    done = counted(server, output, settings={"RETRY_TIMES": "0"})
    assert (done.status, done.changes[new.id]) == (0, "new")


def test_without_rest_the_sitemap_and_the_front_page_show_a_quiet_night(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED, faults=[Fault("status", REST, status=404)])
    assert counted(server, output).status == 0
    done = counted(server, output)
    assert (done.status, done.changes) == (0, {})
    assert len(server.requests) <= 5
    edited = server.blog.edit(newest(server.blog, 40)[-1])
    done = counted(server, output)
    assert (done.status, done.changes) == (0, {edited.id: "updated"})
    assert len(server.requests) <= 6
    new = [server.blog.publish(("web",)), server.blog.publish(("storage",))]
    done = counted(server, output)
    assert (done.status, {p.id for p in new} <= done.changes.keys()) == (0, True)
    assert {post["id"] for post in done.posts} == {post["id"] for post in of_sitemap(server.blog)}


# The inventory alone, and what people see


def test_the_inventory_alone_counts_and_the_next_run_fetches(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    assert crawl(output, site=server.url).status == 0  # the pages alone
    secret = hidden(server.blog)
    done = counted_alone(server, output)
    assert done.status == 3
    assert done.verdict["reason"] == f"{len(secret)} posts that the site's lists name aren't in the archive"
    assert {one["post"] for one in proof(done)["missing"]} == secret
    assert articles(server) == set()
    assert len(asked(server, "/wp-json/.*")) == 2 + 2  # the post types, and how many pages there are
    assert counted(server, output).posts == truth(server.blog)
    assert counted_alone(server, output).status == 0


def test_coverage_prints_the_proof_and_exits_0_only_if_complete(inventoried: Server, output: Path) -> None:
    server = inventoried
    table = run(output, "coverage")
    assert re.search(r"^category +claimed +archive +listings +rest +sitemap +feed *$", table, re.MULTILINE)
    assert re.search(rf"^all posts +{COUNTED} +{COUNTED} +\d+ +{COUNTED} ", table, re.MULTILINE)
    assert re.search(r"^proves it +no +yes +yes +no *$", table, re.MULTILINE)
    found = json.loads(run(output, "coverage", "--json"))
    assert (found["verdict"], found["posts"], found["missing"]) == ("complete", COUNTED, [])
    secret = next(p for p in there(server.blog) if p.id in hidden(server.blog) and not p.external)
    server.faults.append(Fault("status", re.escape(secret.path), status=500))
    server.blog.edit(secret.index)
    assert counted(server, output, settings={"RETRY_TIMES": "0"}).status == 3
    line = [sys.executable, "-m", "scrapy", "coverage"]
    shown = subprocess.run(line, cwd=ROOT, env=environment(output), capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stderr) == (3, "")
    assert ": incomplete: 1 pages or posts could not be read\n" in shown.stdout
    assert crawl(output, site=server.url).status in (0, 3)
    assert "didn't count the archive" in run(output, "coverage", status=3)
