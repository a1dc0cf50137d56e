"""Random blogs, of any theme and charset, whose lists and pages lie; and what may be claimed of their archives."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hypothesis import strategies as st

from engcrawl.items import Source
from tests.blog import Blog, Fault, Server
from tests.blog.charsets import Charset
from tests.blog.sitemaps import Kind
from tests.blog.themes import Theme
from tests.support.crawls import Crawl, crawl

_REST = {
    "off": Fault("status", "/wp-json/.*", status=404),
    "lies": Fault("fewer", "/wp-json/wp/v2/posts"),
    "claims more": Fault("overclaims", "/wp-json/wp/v2/posts"),
    "broken": Fault("cut", "/wp-json/wp/v2/posts"),
}
_SITEMAP = {
    "lies": Fault("fewer", r"/.*sitemap.*"),
    "broken": Fault("cut", r"/(wp-sitemap-posts-post-1|post-sitemap)\.xml(\.gz)?"),
    "forbidden": Fault("status", r"/.*sitemap.*", status=403),
}
_PAGE = {
    "off": Fault("status", "", status=500),
    "cut": Fault("cut", ""),
    "elsewhere": Fault("offsite", ""),
    "forbidden": Fault("status", "", status=403),
}
_FEED = {"off": Fault("status", "/feed/", status=404), "lies": Fault("fewer", "/feed/")}


@dataclass
class Case:
    """A blog, and what is wrong with its lists."""

    posts: int
    seed: int
    ties: bool
    hidden: list[int]
    removed: int | None
    rest: str | None
    sitemap: str | None
    kind: Kind
    feed: str | None
    page: str | None
    theme: Theme
    charset: Charset

    def faults(self) -> list[Fault]:
        """The faults, each its own: they count."""
        chosen = (_REST.get(self.rest or ""), _SITEMAP.get(self.sitemap or ""), _FEED.get(self.feed or ""))
        faults = [Fault(f.kind, f.match, status=f.status) for f in chosen if f]
        if self.page is not None:
            path = re.escape(Blog(self.posts, self.seed, ties=self.ties).post(self.posts // 2).path)
            faults.append(Fault(_PAGE[self.page].kind, path, status=_PAGE[self.page].status))
        if self.removed is not None:
            faults.append(Fault("remove", r"/\d{4}/.*", times=1, post=self.removed % self.posts))
        return faults

    def named(self, blog: Blog, source: Source) -> set[int] | None:
        """The IDs that a source names, all of them; None where it can't be read, or claims others too."""
        how: str | None = getattr(self, source)
        if how not in (None, "lies") or (source == "sitemap" and self.kind == "none"):
            return None
        posts = [blog.post(i) for i in range(blog.size) if how is None or i % 2 == 0]
        return {p.id for p in posts if not (source == "sitemap" and p.external)}


CASES = st.builds(
    Case,
    posts=st.integers(14, 45),
    seed=st.integers(1, 99),
    ties=st.booleans(),
    hidden=st.lists(st.integers(0, 13), max_size=3, unique=True),
    removed=st.none() | st.integers(0, 45),
    rest=st.none() | st.sampled_from(sorted(_REST)),
    sitemap=st.none() | st.sampled_from(sorted(_SITEMAP)),
    kind=st.sampled_from(["yoast", "wordpress", "gzip", "none"]),
    feed=st.none() | st.sampled_from(sorted(_FEED)),
    page=st.none() | st.sampled_from(sorted(_PAGE)),
    theme=st.sampled_from(["classic", "classic", "blocks", "no_ids"]),
    charset=st.sampled_from(["utf-8", "utf-8", "mislabelled", "bom", "latin1"]),
)


@contextmanager
def crawled(case: Case) -> Iterator[tuple[Blog, Crawl]]:
    """Crawl the blog of a case; the crawl's files are there meanwhile."""
    blog = Blog(case.posts, case.seed, ties=case.ties, theme=case.theme)
    for index in case.hidden:
        blog.hide(index)
    with Server(blog, case.faults()) as server, tempfile.TemporaryDirectory() as folder:
        server.sitemap, server.charset = case.kind, case.charset
        done = crawl(Path(folder), "-a", "inventory=yes", site=server.url, settings={"RETRY_TIMES": "0"})
        yield blog, done


def right(case: Case, blog: Blog, done: Crawl) -> bool:
    """Return whether the archive is all that the blog has, body by body."""
    there = {blog.id_of(i) for i in range(blog.size) if i not in blog.removed}
    gone = {blog.id_of(i) for i in blog.removed}
    found = {post["id"]: post for post in done.posts if post["id"] not in gone}
    bodies = {post["id"]: post["content_html"] for post in blog.truth(rest=True)}
    return found.keys() == there and all(found[i]["content_html"] == bodies[i] for i in there)


def check(case: Case, blog: Blog, done: Crawl) -> None:
    """See that the proof's numbers are those of the archive, and what it claims to be proven is so."""
    assert done.status in (0, 3), done.log
    archive = {post["id"] for post in done.posts}
    inner = {post["id"] for post in done.posts if not post["external"]}
    found = done.verdict["proof"]
    there = {blog.id_of(i) for i in range(blog.size) if i not in blog.removed}
    gone = {blog.id_of(i) for i in blog.removed}
    refused = {urlsplit(one["url"]).path for one in found["missing"] if one["reason"]}
    ruled_out = {p.id for i in range(blog.size) if (p := blog.post(i)).path in refused}
    assert found["in_archive"] == len(archive)
    assert archive <= there | gone
    for name, source in found["sources"].items():
        missing = {one["url"] for one in source["missing"]}
        assert source["in_archive"] + len(missing) == source["listed"]
        assert {one["post"] for one in source["missing"]}.isdisjoint(archive)
        named = None if name == "listings" else case.named(blog, name)
        if name == "feed" or source["status"] != "whole":
            named = None
        if named is not None:
            assert source["listed"] == len(named)
            assert source["in_archive"] == len(named & archive)
            assert source["unexpected"] == len((inner if name == "sitemap" else archive) - named)
        if source["proves"]:
            assert named is not None
            assert (inner if name == "sitemap" else archive) | gone | ruled_out >= named
            assert not source["unexpected"]
    if done.status == 0:
        listed = {
            p.id for i in blog.whole if not ((p := blog.post(i)).external and case.theme == "no_ids" and case.rest)
        }
        assert listed - gone - lost(blog) - ruled_out <= archive
        if case.rest is None:
            assert archive | ruled_out >= there
        bodies = {post["id"]: post["content_html"] for post in blog.truth(rest=True)}
        wrong = {
            post["id"] for post in done.posts if post["id"] in bodies and post["content_html"] != bodies[post["id"]]
        }
        assert not wrong
    assert all(one["reason"] for one in found["missing"]) or done.status == 3


def lost(blog: Blog) -> set[int]:
    """The posts that no listing page names, because of ties."""
    return {blog.id_of(i) for i in blog.lost_in_ties()}
