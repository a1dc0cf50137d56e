"""``scrapy browse``, as a process, seen in real Chromium."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from engcrawl.items import Found
from engcrawl.state import State
from engcrawl.text.urls import blog_key
from tests.blog import Blog, Server
from tests.support.commands import ran
from tests.support.crawls import crawl
from tests.support.exports import KEY, SITE, odd_archive, post
from tests.support.folders import ROOT
from tests.support.nights import newest, night
from tests.support.seen import Look, chromium, look_at

ODD = "x~2Eexample_blog"
"""The blog of odd records, as Datasette writes its key in addresses."""
HOSTILE = (
    "<p>before</p><script>document.title = 'run'</script><style>body { display: none }</style>"
    '<img src="https://elsewhere.example/a.png" alt="a cat" onerror="document.title = 1">'
    '<a href="javascript:document.title = 2">click</a><iframe src="https://elsewhere.example/"></iframe>'
    '<p style="position: fixed" class="card" onclick="x()">c++ is here</p>'
)
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGES = ["ODD/posts/900001", "ODD/posts?_search=c%2B%2B", "ODD?sql=select+id,+url,+content_html+from+posts"]
PAGES += ["ODD?sql=select+frog", "BLOG", "BLOG/posts", "BLOG/posts/EDITED", "BLOG/changes", "BLOG/runs"]
PAGES += ["BLOG/posts_tags"]

pytestmark = pytest.mark.xdist_group("browse")


def start(output: Path, **pipes: Any) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "scrapy", "browse", "--port", "0"]
    return subprocess.Popen(line, cwd=ROOT, env=os.environ | {"ENGCRAWL_OUTPUT": str(output)}, text=True, **pipes)


@contextmanager
def browsing(output: Path, stop: signal.Signals = signal.SIGINT) -> Iterator[str]:
    with tempfile.TemporaryFile("w+") as told, start(output, stdout=subprocess.PIPE, stderr=told) as process:
        late = threading.Timer(90, process.kill)
        late.start()
        try:
            assert process.stdout
            found = re.match(r"(http://127\.0\.0\.1:\d+/) ", process.stdout.readline())
            late.cancel()
            assert found, told.seek(0) or told.read()
            yield found[1]
            process.send_signal(stop)
            assert process.wait(30) == 0
        finally:
            late.cancel()
            process.kill()
        told.seek(0)
        assert "Traceback" not in told.read()


@dataclass
class Site:
    """A server of two blogs: one that was crawled, on two nights, and one of odd records."""

    address: str
    output: Path
    own: Path
    """The folder of the crawled blog."""
    blog: str
    """The address of its pages."""
    edited: int
    old: str
    """The post that was edited between the nights, and the title that it had."""

    @property
    def odd(self) -> str:
        return f"{self.address}{ODD}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("browse")
    output = folder / "output"
    (folder / "odd").mkdir()
    with Server(Blog(40)) as server:
        own = output / blog_key(server.url)
        assert crawl(own, site=server.url).status == 0
        first, second = newest(server.blog, 2)
        old = server.blog.post(first).title
        server.blog.edit(first, title="Silently another")
        server.blog.edit(second, tags=("x",), body=False)
        server.blog.publish(("web",))
        done = night(server, own, "-a", "full=yes")
        assert sorted(done.changes.values()) == ["new", "updated", "updated"]
        edited = server.blog.post(first).id
    archive = odd_archive(folder / "odd")
    with State.open(f"sqlite:///{archive}/archive.db", SITE) as state:
        facts = {"title": "c++ <b>x</b>", "content_html": HOSTILE, "content_markdown": "c++ is here"}
        state.posts.store(Found(post=post(900_004, **facts)))
        state.commit()
    archive.rename(output / KEY)
    with browsing(output) as address:
        key = own.name.replace(".", "~2E").replace(":", "~3A")
        yield Site(address, output, own, f"{address}{key}", edited, old)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def got(address: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as answer:
        return str(answer.read().decode())


def refused(address: str, **headers: str) -> tuple[int, str, str | None]:
    """Return the status, the page and the policy of an answer that is an error."""
    with pytest.raises(urllib.error.HTTPError) as error:
        got(address, **headers)
    with error.value as answer:
        return answer.code, answer.read().decode(), answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_fit_to_look_at(site: Site, browser: Browser, path: str) -> None:
    address = path.replace("ODD", site.odd).replace("BLOG", site.blog).replace("EDITED", str(site.edited))
    look = look_at(browser, address, site.address)
    if "frog" in path:  # Chromium tells of each answer that is an error
        look.console = [one for one in look.console if "status of 400" not in one]
    assert look == Look()


def test_the_first_page_has_each_blog_and_leads_on(site: Site, browser: Browser) -> None:
    assert look_at(browser, site.address, site.address) == Look()
    page = browser.new_page()
    page.goto(site.address)
    assert page.locator("section.blog").count() == 2
    page.get_by_label(f"Search the posts of {KEY}").press_sequentially("edited")
    page.keyboard.press("Enter")
    page.wait_for_url("**/posts?_search=edited")
    page.get_by_role("searchbox").focus()
    focused = []
    for _ in range(3):  # the button, what shows all, the first result
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.innerText"))
    assert focused == ["Search", "show all", "edited"]
    page.keyboard.press("Enter")
    page.wait_for_url("**/posts/900001")
    assert "+written otherwise" in page.locator(".diff .ins").all_inner_texts()
    page.close()


def test_a_run_leads_to_its_changes_and_they_to_the_versions_of_a_post(site: Site, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{site.blog}/runs")
    assert page.locator("ul.list li").count() == 2
    page.get_by_role("link", name="1 new, 2 updated, 0 gone").click()
    assert sorted(page.locator("ul.list .chip").all_inner_texts()) == ["new", "updated", "updated"]
    page.get_by_role("link", name="Silently another").click()
    page.wait_for_url(f"**/posts/{site.edited}#version-2")
    assert page.locator("#versions h3").count() == 2
    title = page.locator(".diff").nth(0).locator("span").all_inner_texts()
    assert title == [f"-{site.old}", "+Silently another"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", page.locator("time").first.inner_text())
    page.close()


def test_names_are_counted_and_narrow_posts_down(site: Site) -> None:
    records = [json.loads(line) for line in (site.own / "posts.jsonl").read_text("utf-8").splitlines()]
    year, category = records[0]["published_date"][:4], records[0]["categories"][0]
    for query, kept in (
        ("", records),
        (f"&year={year}", [record for record in records if (record["published_date"] or "").startswith(year)]),
        (f"&_category={category}", [record for record in records if category in record["categories"]]),
    ):
        told = json.loads(got(f"{site.blog}/posts.json?_facet_size=max&_size=max&_shape=objects{query}"))
        assert sorted(row["id"] for row in told["rows"]) == sorted(record["id"] for record in kept)
        for names in ("authors", "categories", "tags"):
            counts = {one["value"]: one["count"] for one in told["facet_results"][names]["results"]}
            assert counts == Counter(name for record in kept for name in record[names])
    chosen = {one["value"]: one for one in told["facet_results"]["categories"]["results"]}[category]
    assert chosen["selected"]
    assert "_category" not in chosen["toggle_url"]


def test_a_hostile_body_is_inert(site: Site, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{site.odd}/posts/900004")
    assert page.title() == "c++ <b>x</b>"
    body = page.locator(".body")
    assert body.is_visible()
    active = "script, style, img, iframe, [onclick], [onerror], [class], [href^=javascript], [style]"
    assert body.locator(active).count() == 0
    picture = body.get_by_text("[picture: a cat]")
    assert picture.get_attribute("href") == "https://elsewhere.example/a.png"
    page.close()


@pytest.mark.parametrize(
    "typed", ["c%2B%2B", "%22", "is-here", "c%2B%2B+AND", "(", "*", "title:", "%00", "+", "%22+%22", "%22is+here"]
)
def test_what_people_type_is_searched(site: Site, typed: str) -> None:
    page = got(f"{site.odd}/posts?_search={typed}")
    assert ("posts/900004" in page) == (typed in ("c%2B%2B", "is-here", "%22is+here"))


def test_sql_reads_and_never_writes(site: Site) -> None:
    assert "<td>900004</td>" in got(f"{site.odd}?sql=select+max(id)+from+posts+where+id+%3E+:least&least=9")
    for sql in ("delete+from+posts", "with+a+as+(select+1)+delete+from+posts"):
        assert refused(f"{site.odd}?sql={sql}")[0] == 400


def test_each_page_says_what_it_may_load(site: Site) -> None:
    for path in ("", ODD, f"{ODD}/posts", f"{ODD}?sql=select+1", f"{ODD}/posts.json", "report/style.css"):
        with urllib.request.urlopen(f"{site.address}{path}", timeout=30) as answer:
            assert answer.headers.get_all("Content-Security-Policy") == [POLICY], path
    status, _, policy = refused(f"{site.address}nothing")
    assert (status, policy) == (404, POLICY)


def test_only_this_machines_names_are_answered(site: Site) -> None:
    status, told, _ = refused(site.address, Host="elsewhere.example")
    assert (status, told) == (403, "Open this at 127.0.0.1 or localhost.\n")
    assert "The archive" in got(site.address, Host="localhost:1")


def test_a_taken_port_is_one_line(site: Site) -> None:
    port = site.address.rpartition(":")[2].strip("/")
    status, _, said = ran(site.output, "browse", "--port", port)
    assert (status, said) == (
        2,
        f"scrapy browse: option --port={port}: Address already in use; another one may be free\n",
    )


def test_the_copy_is_made_anew_only_when_the_archive_has_changed(tmp_path: Path) -> None:
    output = odd_archive(tmp_path)
    copy = output / "browse" / f"{KEY}.db"
    with browsing(output, signal.SIGTERM):
        first = copy.stat().st_ino
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("SELECT title, year FROM posts WHERE id = 900002").fetchone() == ("t", "2024")
    with browsing(output):
        assert copy.stat().st_ino == first
    with State.open(f"sqlite:///{output}/archive.db", SITE) as state:
        state.posts.take_in(post(number, title="later") for number in range(901_000, 905_000))
        state.commit()
    for ending, status, said in ((signal.SIGINT, 5, "scrapy browse: stopped\n"), (signal.SIGKILL, -9, "")):
        with start(output, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            late = threading.Timer(60, process.kill)
            late.start()
            try:
                while not [*copy.parent.glob(f"*.{process.pid}.new")]:
                    assert process.poll() is None
                    time.sleep(0.01)
                process.send_signal(ending)
                printed, told = process.communicate(timeout=30)
            finally:
                late.cancel()
                process.kill()
        assert (process.returncode, printed, told) == (status, "", f"{KEY}: reading the archive …\n{said}")
        assert copy.stat().st_ino == first
        assert len([*copy.parent.iterdir()]) == (1 if ending == signal.SIGINT else 2)
    with browsing(output) as address:
        assert "later" in got(f"{address}{ODD}/posts/901000")
    assert [file.name for file in copy.parent.iterdir()] == [copy.name]


def test_without_its_libraries_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = odd_archive(tmp_path)
    for name in [name for name in sys.modules if name.startswith("engcrawl.browse")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "datasette", None)
    status, _, said = ran(output, "browse", "--port", "0")
    assert status == 2
    assert said.endswith("which `pip install -r requirements-browse.txt` installs\n")
