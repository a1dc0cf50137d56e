"""Night after night with the inventory: what it costs, what it finds, and what people see of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.blog import Fault, Server
from tests.support.commands import ran, run
from tests.support.counting import COUNTED, REST, asked, counted, counted_alone, hidden, of_sitemap, proof, there, told
from tests.support.crawls import Serve, crawl
from tests.support.nights import articles, newest, paths


def test_a_night_fetches_news_alone_one_with_nothing_new_costs_four_requests_and_is_proven(
    inventoried: Server, output: Path
) -> None:
    server = inventoried
    new = [server.blog.publish((slug,)) for slug in ("web", "storage", "quantum")]
    edited = [server.blog.edit(i) for i in newest(server.blog, 40)[-3:]]  # the bodies: no listing shows it
    done = counted(server, output)
    assert done.status == 0, done.log
    assert done.changes == {p.id: "new" for p in new} | {p.id: "updated" for p in edited}
    assert articles(server) == paths([*new, *edited])
    assert len(server.requests) == 4 + 1 + len(articles(server))  # one asks which posts are in parts
    assert done.posts == told(server)
    assert proof(done)["sources"]["rest"]["claimed"] == COUNTED + 3

    before = (output / "posts.jsonl").read_bytes()
    quiet = counted(server, output)
    assert (quiet.status, quiet.changes) == (0, {})
    assert len(server.requests) == 4
    assert (output / "posts.jsonl").read_bytes() == before
    assert proof(quiet)["sources"]["rest"]["proves"]
    sitemap_read = proof(quiet)["sources"]["sitemap"]["asked"]
    assert quiet.verdict["reason"].endswith(f"proven by rest and sitemap as of {sitemap_read}")


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
    assert counted(server, output).posts == told(server)
    server.blog.edit(post.index, title="Elsewhere")
    done = counted(server, output)
    assert (done.status, done.changes) == (0, {post.id: "updated"})
    assert done.posts == told(server)


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
    assert done.posts == told(server)


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
    assert counted(server, output).posts == told(server)
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
    status, shown, said = ran(output, "coverage")
    assert (status, said) == (3, "")
    assert ": incomplete: 1 pages or posts could not be read\n" in shown
    assert crawl(output, site=server.url).status in (0, 3)
    assert "didn't count the archive" in run(output, "coverage", status=3)
