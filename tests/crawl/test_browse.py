"""``scrapy browse``, as a process, seen in real Chromium."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engcrawl.items import Found
from engcrawl.state import State
from tests.support.commands import ran
from tests.support.exports import SITE, odd_archive, post
from tests.support.folders import ROOT
from tests.support.look import look, opened

BLOG = "x~2Eexample_blog"
HOSTILE = (
    "<p>before</p><script>document.title = 'run'</script><style>body { display: none }</style>"
    '<img src="https://elsewhere.example/a.png" alt="a cat" onerror="document.title = 1">'
    '<a href="javascript:document.title = 2">click</a><iframe src="https://elsewhere.example/"></iframe>'
    '<p style="position: fixed" class="card" onclick="x()">c++ is here</p>'
)


@contextmanager
def browsing(output: Path, stop: signal.Signals = signal.SIGINT) -> Iterator[str]:
    line = [sys.executable, "-m", "scrapy", "browse", "--port", "0"]
    environment = os.environ | {"ENGCRAWL_OUTPUT": str(output)}
    with subprocess.Popen(
        line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stderr
            found = re.match(r"(http://127\.0\.0\.1:\d+/) ", process.stdout.readline())
            assert found, process.stderr.read()
            yield found[1]
        finally:
            process.send_signal(stop)
            _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Traceback" not in said


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = odd_archive(tmp_path_factory.mktemp("browse"))
    with State.open(f"sqlite:///{output}/archive.db", SITE) as state:
        facts = {"title": "c++ <b>x</b>", "content_html": HOSTILE, "content_markdown": "c++ is here"}
        state.posts.store(Found(post=post(900_004, **facts)))
        state.commit()
    return output


@pytest.fixture(scope="module")
def site(archive: Path) -> Iterator[str]:
    with browsing(archive) as address:
        yield address


def got(address: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as answer:
        return str(answer.read().decode())


def test_pages_are_fit_to_look_at(site: str) -> None:
    pages = ["", "posts", "posts?_search=c%2B%2B", "posts?year=2013", "posts/900001", "posts/900004"]
    pages += ["changes", "versions", "runs"]
    problems = []
    with opened() as page:
        for path in pages:
            for width, dark in ((1280, False), (375, True)):
                page.goto(f"{site}{BLOG}/{path}" if path else site)
                problems += look(page, width=width, dark=dark)
        page.goto(f"{site}{BLOG}/posts?_search=edited")
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name === '_search'"):
                break
        else:
            pytest.fail("the keyboard doesn't reach the search")
        page.keyboard.press("Tab")
        for _ in range(3):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.results a')"):
                break
        page.keyboard.press("Enter")
        page.wait_for_url("**/posts/900001")
        assert page.locator(".diff .ins").all_inner_texts()[0] == "+written otherwise"
    assert problems == []


def test_a_hostile_body_is_inert(site: str) -> None:
    with opened() as page:
        page.goto(f"{site}{BLOG}/posts/900004")
        assert page.title() == "c++ <b>x</b>"
        body = page.locator(".body")
        assert body.is_visible()
        assert (
            body.locator("script, style, img, iframe, [onclick], [onerror], [class], [href^=javascript]").count() == 0
        )
        assert body.locator("[style]").count() == 0
        picture = body.get_by_text("[picture: a cat]")
        assert picture.get_attribute("href") == "https://elsewhere.example/a.png"


@pytest.mark.parametrize(
    "typed", ["c%2B%2B", "%22", "is-here", "c%2B%2B+AND", "(", "*", "title:", "%00", "+", "%22+%22", "%22is+here"]
)
def test_what_people_type_is_searched(site: str, typed: str) -> None:
    page = got(f"{site}{BLOG}/posts?_search={typed}")
    assert ("posts/900004" in page) == (typed in ("c%2B%2B", "is-here", "%22is+here"))


def test_only_this_machines_names_are_answered(site: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        got(site, Host="elsewhere.example")
    assert "The archive" in got(site, Host="localhost:1")


def test_a_taken_port_is_one_line(site: str, archive: Path) -> None:
    port = site.rpartition(":")[2].strip("/")
    status, _, said = ran(archive, "browse", "--port", port)
    assert (status, said) == (
        2,
        f"scrapy browse: option --port={port}: Address already in use; another one may be free\n",
    )


def test_the_copy_is_made_anew_only_when_the_archive_has_changed(tmp_path: Path) -> None:
    output = odd_archive(tmp_path)
    copy = output / "browse" / "x.example_blog.db"
    with browsing(output, signal.SIGTERM):
        first = copy.stat().st_ino
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("SELECT tags, year FROM posts WHERE id = 900001").fetchone() == ('["yes"]', None)
    with browsing(output):
        assert copy.stat().st_ino == first
    with State.open(f"sqlite:///{output}/archive.db", SITE) as state:
        state.posts.store(Found(post=post(900_005, title="later")))
        state.commit()
    with browsing(output) as address:
        assert "later" in got(f"{address}{BLOG}/posts/900005")
    assert [file.name for file in copy.parent.iterdir()] == [copy.name]


def test_without_its_libraries_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = odd_archive(tmp_path)
    for name in [name for name in sys.modules if name.startswith("engcrawl.browse")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "datasette", None)
    status, _, said = ran(output, "browse", "--port", "0")
    assert status == 2
    assert said.endswith("which `pip install -r requirements-browse.txt` installs\n")
