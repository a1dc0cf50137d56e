"""Where a blog's lists are: as it says itself, else where WordPress has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from tests.blog import Blog, Fault, Server
from tests.blog.further import publish
from tests.blog.permalinks import Permalinks
from tests.blog.server import Handler
from tests.support.counting import REST, asked, counted, hidden, of_sitemap, proof, there
from tests.support.crawls import Serve, by_id, command, newest_first, run

XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
PLAIN, INDEX = Permalinks("/?p={id}"), Permalinks(index=True)


def saying(text: str, content_type: str = "text/plain") -> Handler:
    """Answer with this text."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type)

    return answer


@pytest.mark.parametrize("permalinks", [PLAIN, INDEX], ids=["plain", "index.php"])
@pytest.mark.parametrize("said", ["in a header", "nowhere"])
def test_rest_is_found_where_pages_do_not_link_to_it(
    serve: Serve, output: Path, said: str, permalinks: Permalinks
) -> None:
    server = serve(posts=60)
    server.permalinks, server.in_header, server.rest_at = permalinks, said == "in a header", ""
    done = counted(server, output)
    assert (done.status, done.posts) == (0, newest_first(list(server.blog.truth(rest=True)))), done.log
    night = counted(server, output)
    assert (night.status, night.changes, len(server.requests)) == (0, {}, 4)


@pytest.mark.parametrize("said", ["in a header and robots.txt", "in elements"])
def test_rest_a_feed_and_sitemaps_are_found_where_the_blog_says_and_no_guess_would_lead(
    serve: Serve, output: Path, said: str
) -> None:
    server = serve(posts=60)
    server.renamed = {"/wp-json/": "/api/", "/feed/": "/news.rss", "/sitemap_index.xml": "/map-of-all.xml"}
    server.in_header, server.sitemap_linked = said == "in a header and robots.txt", said == "in elements"
    done = counted(server, output)
    assert (done.status, done.problems) == (0, []), done.log
    assert done.posts == newest_first(list(server.blog.truth(rest=True)))
    sources = {name: source["status"] for name, source in done.verdict["proof"]["sources"].items()}
    assert sources == {"listings": "whole", "rest": "whole", "sitemap": "whole", "feed": "part"}
    paths = {path for _, path in server.requests}
    assert {*server.renamed.values()} - {"/api/"} <= paths
    assert not [path for path in paths if path.startswith((*server.renamed, "/?", "/index.php", "/wp-sitemap"))]
    night = counted(server, output)
    assert (night.status, night.changes, len(server.requests)) == (0, {}, 4)


def test_relative_addresses_are_relative_to_what_a_page_says(serve: Serve, output: Path) -> None:
    server = serve(posts=60, faults=[Fault("status", REST, status=404)])
    server.relative, server.sitemap = True, "none"
    done = counted(server, output)
    assert (done.status, done.problems) == (0, []), done.log
    truth = newest_first(list(server.blog.truth()))
    listed = {record["id"] for record in truth}
    assert [record for record in done.posts if record["id"] in listed] == truth
    assert {record["id"] for record in done.posts} - listed <= hidden(server.blog)  # posts link to the one beside


@pytest.mark.parametrize("rest", [True, False])
def test_links_with_tracking_parameters_lead_to_each_post_once_at_its_own_address(
    serve: Serve, output: Path, *, rest: bool
) -> None:
    server = serve(posts=60, faults=[] if rest else [Fault("status", REST, status=404)])
    server.permalinks, server.tracked, server.sitemap = PLAIN, True, "none"
    done = counted(server, output)
    assert (done.status, done.problems) == (0, []), done.log
    truth = newest_first(list(server.blog.truth(rest=rest)))
    listed = {record["id"] for record in truth}
    assert [record for record in done.posts if record["id"] in listed] == truth
    assert len({record["url"] for record in done.posts}) == len(done.posts)
    assert not [record["url"] for record in done.posts if "utm_" in record["url"] or "fbclid" in record["url"]]
    night = counted(server, output)
    assert (night.status, night.changes) == (0, {}), night.log


def test_rest_on_another_host_is_named_and_not_asked(serve: Serve, output: Path) -> None:
    server = serve(posts=60)
    server.rest_at = "https://api.example.net/wp-json/"
    done = counted(server, output)
    assert (done.status, done.problems, asked(server, "/wp-json/.*")) == (0, [], []), done.log
    (note,) = done.verdict["notes"]
    assert (note["url"], "another host" in note["reason"]) == (server.rest_at, True)
    assert done.verdict["proof"]["sources"]["rest"]["status"] == "missing"


def test_rest_that_moved_is_found_and_everything_read_anew(serve: Serve, output: Path) -> None:
    server = serve(posts=60)
    assert counted(server, output).status == 0
    server.permalinks = PLAIN
    server.sitemap = "wordpress"
    done = counted(server, output)
    assert done.status == 0, done.log
    assert by_id(done.posts) == by_id(list(server.blog.truth(rest=True)))


def test_a_blog_that_gets_other_permalinks_where_rest_stays_is_read_anew_at_once(serve: Serve, output: Path) -> None:
    server = serve(posts=250)
    server.permalinks, server.sitemap = PLAIN, "wordpress"
    assert counted(server, output, "-a", "source=rest").status == 0
    server.permalinks = Permalinks("/{slug}/")
    done = counted(server, output, "-a", "source=rest")
    truth = {record["id"]: record["url"] for record in server.blog.truth(rest=True)}
    assert (done.status, {record["id"]: record["url"] for record in done.posts}) == (0, truth), done.log
    assert {*done.changes.values()} == {"updated"}


def test_of_several_blogs_on_one_host_each_has_its_own_posts(serve: Serve, output: Path) -> None:
    server = serve(posts=60)
    server.permalinks = Permalinks(folder="/blog")

    async def robots(request: web.Request) -> web.StreamResponse:
        host = server.url.removesuffix("/blog")
        return web.Response(text=f"Sitemap: {host}/sitemap_index.xml\nSitemap: {host}/blog/sitemap_index.xml\n")

    server.instead["/robots.txt"] = robots
    done = counted(server, output)
    assert (done.status, done.posts) == (0, newest_first(list(server.blog.truth(rest=True)))), done.log
    assert done.verdict["proof"]["sources"]["sitemap"]["status"] == "whole"
    assert {path for _, path in server.requests if not path.startswith("/blog/")} == {"/robots.txt"}


def test_a_sitemap_in_no_index_is_read_and_what_it_has_beside_posts_is_settled_for_good(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=60, faults=[Fault("status", REST, status=404)])
    (page,) = publish(server.blog, "page", 1)
    here = [post for post in there(server.blog) if not post.external]
    others = [page.path, "/category/web/", "/", "/a-file.pdf", "/gone/"]
    lines = [
        f"<url><loc>{server.url}{post.path}</loc><lastmod>{post.changed.isoformat()}</lastmod></url>" for post in here
    ]
    lines += [f"<url><loc>{server.url}{path}</loc><lastmod>2020-01-01</lastmod></url>" for path in others]
    server.instead["/everything.xml"] = saying(f"<urlset {XMLNS}>{''.join(lines)}</urlset>", "application/xml")
    server.instead["/robots.txt"] = saying(f"Sitemap: {server.url}/everything.xml")
    server.instead["/a-file.pdf"] = saying("%PDF-1.7\0\1", "application/pdf")
    done = counted(server, output)
    assert (done.status, done.problems) == (0, []), done.log
    hidden_ones = [server.blog.record(post) for post in here if post.id in hidden(server.blog)]
    assert hidden_ones
    assert by_id(done.posts) == by_id([*server.blog.truth(), *hidden_ones])
    assert done.verdict["reason"].endswith("proven by sitemap")
    assert {one["url"]: one["reason"] for one in proof(done)["missing"]} == {
        f"{server.url}{page.path}": "a page, not asked for",
        f"{server.url}/category/web/": "a listing, no post",
        f"{server.url}/a-file.pdf": "a file, no post",
        f"{server.url}/gone/": "gone: HTTP 404",
    }
    quiet = counted(server, output)
    assert (quiet.status, quiet.changes, len(server.requests)) == (0, {}, 3), quiet.log  # robots.txt, the front page
    new = server.blog.publish(("web",))
    lines.insert(0, f"<url><loc>{server.url}{new.path}</loc><lastmod>{new.changed.isoformat()}</lastmod></url>")
    server.instead["/everything.xml"] = saying(f"<urlset {XMLNS}>{''.join(lines)}</urlset>", "application/xml")
    assert counted(server, output).changes == {new.id: "new"}


def test_the_sitemaps_of_another_plugin_name_posts_and_types(serve: Serve, output: Path) -> None:
    server = serve(posts=60, faults=[Fault("status", REST, status=404)])
    server.sitemap = "google"
    publish(server.blog, "podcast", 3)
    done = counted(server, output)
    assert (done.status, done.problems, done.posts) == (0, [], of_sitemap(server.blog)), done.log
    assert len(asked(server, "/sitemap-pt-post-p[123]-2024-01.xml")) == 3
    assert not asked(server, "/sitemap-(tax|pt-podcast)-.*")
    assert "podcast" in done.verdict["reason"], done.verdict["reason"]


@pytest.mark.parametrize("lists", ["no rest", "no sitemap", "neither"])
def test_plain_permalinks_need_neither_rest_nor_sitemap(serve: Serve, output: Path, lists: str) -> None:
    server = serve(posts=60)
    server.permalinks, server.sitemap = PLAIN, "wordpress" if lists == "no rest" else "none"
    if lists != "no sitemap":
        server.rest_at = "https://api.example.net/wp-json/"
    done = counted(server, output)
    assert (done.status, done.problems) == (0, []), done.log
    listed = [record["id"] for record in server.blog.truth()]
    assert {*listed} <= {record["id"] for record in done.posts}
    truth = {record["id"]: record["url"] for record in server.blog.truth(rest=True)}
    assert all(truth[record["id"]] == record["url"] for record in done.posts)


def test_the_address_may_be_given_without_the_www_that_the_blog_has(output: Path) -> None:
    with Server(Blog(60)) as server:
        server.host, proxy = "www.blog.invalid", f"http://127.0.0.1:{server.port}"
        server.show(server.blog)
        line = command("-a", "inventory=yes", site=f"http://blog.invalid:{server.port}")
        done = run(line, output, http_proxy=proxy, no_proxy="")
        assert (done.status, done.posts) == (0, newest_first(list(server.blog.truth(rest=True)))), done.log
        server.requests.clear()
        night = run(line, output, http_proxy=proxy, no_proxy="")
        assert (night.status, night.changes, len(server.requests)) == (0, {}, 4)
