"""What the state keeps, in each kind of database; the steps of its schema."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from engcrawl.errors import LockedError, StateError, UsageError
from engcrawl.items import Post
from engcrawl.state import State
from tests.support.folders import ROOT
from tests.support.states import SITE, begun, ended, post

pytestmark = pytest.mark.xdist_group("postgresql")


def test_coverage_counts_what_records_say_whatever_their_words(url: str) -> None:
    whole = {"published_date": "2024-01-01", "published_at": "2024-01-01T00:00:00Z", "authors": ["A"]}
    trap = 'x, "authors": [], "categories": [], "external": true, "protected": true, "content_html": null, %_'
    with begun(url) as state:
        state.posts.store(post(1, **whole, content_html="<p>b</p>", content_markdown="b"))
        state.posts.store(post(2, **whole, title=trap, excerpt=trap, content_html=trap, content_markdown=trap))
        state.posts.store(post(3, content_html="", content_markdown=""))
        state.posts.store(post(4, **whole, protected=True))
        state.posts.store(post(5, **whole, external=True, protected=True))
        state.posts.store(post(6))
        state.posts.mark_gone(6)
        assert state.posts.coverage() == {
            "posts": 6,
            "gone": 1,
            "own": 5,
            "published_date": 3,
            "published_at": 3,
            "authors": 3,
            "open": 4,
            "content_html": 3,
        }


def test_a_record_is_new_once_then_updated_and_an_untold_change_is_told_again(url: str) -> None:
    with begun(url) as state:
        assert [state.posts.store(post()), state.posts.store(post(title="other"))] == ["new", "new"]
        ended(state)
    with begun(url) as state:
        assert state.posts.store(post(title="other", crawled_at="2027-01-01T00:00:00Z")) is None
        assert state.posts.store(post(title="third")) == "updated"
        state.commit()  # and then it dies
    with begun(url) as state:
        assert [(found.post.id, found.post.title) for found in state.changes.untold()] == [(1, "third")]
        assert state.posts.store(post(title="third")) == "updated"
        assert list(state.changes.untold()) == []
        ended(state)
        assert [run["verdict"] for run in state.runs.last(9)] == ["complete", "died", "complete"]


def test_where_a_body_came_from_is_no_change_but_is_stored(url: str) -> None:
    with begun(url) as state:
        state.posts.store(post(content_html="<p>b</p>"))
        ended(state)
        assert state.posts.store(post(content_html="<p>b</p>", content_source="page")) is None
        ((line, _),) = state.posts.lines()
        assert Post.of(line).content_source == "page"


def test_markdown_that_is_written_differently_is_stored_but_is_no_change(url: str) -> None:
    with begun(url) as state:
        assert state.posts.store(post(content_html="<p>b_c</p>", content_markdown="b\\_c")) == "new"
        ended(state)
        state.runs.begin("next", "archive", {}, "2026-11-24T00:00:00Z")
        before = state.posts.record(1)
        assert state.posts.store(post(content_html="<p>b_c</p>", content_markdown="b_c")) is None
        stored = state.posts.record(1)
        assert before is not None
        assert stored == replace(before, content_markdown="b_c")
        assert state.posts.store(post(content_html="<p>b_d</p>", content_markdown="b_c")) == "updated"
        assert state.posts.store(post(content_html="<p>b_d</p>", content_markdown="b_d")) == "updated", "it was told"


def test_the_archive_is_newest_first_and_undated_posts_last(url: str) -> None:
    days = {1: "2020-01-01", 2: None, 3: "2021-01-01", 4: "2021-01-01", 5: "2019-12-31"}
    with begun(url) as state:
        for number, day in days.items():
            state.posts.store(post(number, published_date=day))
        assert [Post.of(line).id for line, _ in state.posts.lines()] == [4, 3, 1, 5, 2]


def test_blogs_in_one_database_know_nothing_of_each_other(url: str) -> None:
    with begun(url) as one:
        one.posts.store(post(title="one"))
        ended(one)
    with begun(url, "http://other.example/blog") as other:
        assert (other.blog, other.posts.empty(), other.runs.number) == ("other.example_blog", True, 1)
        assert other.posts.store(post(title="other")) == "new"
        ended(other)
    for blog, title in (("x.example", "one"), ("other.example_blog", "other")):
        with State.read(url, blog) as state:
            assert [Post.of(line).title for line, _ in state.posts.lines()] == [title]
    with pytest.raises(UsageError, match=r"has several blogs: --blog must be one of other.example_blog, x.example"):
        State.read(url, None)


def test_a_record_that_is_not_what_was_written_is_noticed(url: str) -> None:
    with begun(url) as state:
        state.posts.store(post())
        state.commit()
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE posts SET record = replace(record, 'x.example', 'y.example')"))
    with State.read(url, None) as state, pytest.raises(StateError, match="the record of post 1 isn't what was written"):
        list(state.posts.lines())


def test_a_second_process_is_locked_out_and_told_by_whom_until_the_first_is_gone(url: str) -> None:
    script = f"import sys; from engcrawl.state import State; s = State.open(sys.argv[1], '{SITE}')\n"
    script += "s.runs.begin('r', 'archive', {}, '2026-11-23T00:00:00Z'); print('held', flush=True); sys.stdin.read()"
    line = [sys.executable, "-c", script, url]
    with subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=rf"another run works on .*: pid {other.pid} on \S+, since 20\d\d-"):
            State.open(url, SITE)
        with State.read(url, None) as reader:
            assert reader.runs.last(1)[0]["verdict"] is None
        other.kill()
    for _ in range(50):
        try:
            State.open(url, SITE).close()
            break
        except LockedError:
            time.sleep(0.1)  # a server notices an end of the line a moment later
    else:
        raise AssertionError("the dead process still holds the lock")


def test_a_thousand_records_are_stored_in_less_than_a_second(url: str) -> None:
    body = "<p>" + "word " * 4000
    with begun(url) as state:
        start = time.process_time()
        for number in range(1, 1001):
            state.posts.store(post(number, content_html=body, content_markdown=body))
            if number % 100 == 0:
                state.commit()
        spent = time.process_time() - start
    assert spent < 5, "many times what it needs: something isn't linear"


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("nonsense", "ENGCRAWL_STATE: must be an SQLAlchemy URL"),
        ("sqlite://", "must name a file"),
        ("oracle://x/y", "install the database's driver"),
    ],
)
def test_a_state_that_cannot_be_is_named(url: str, line: str) -> None:
    with pytest.raises(StateError, match=re.escape(line)):
        State.open(url, SITE)
