"""What the report counts: posts a year, categories beyond the largest, words, and when posts are due."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from scrapy.settings import Settings

from engcrawl.extensions.report import report_wanted
from engcrawl.overview import advice
from engcrawl.overview.counts import CATEGORIES, CHANGES, OTHERS, UNDATED, Counts, count
from engcrawl.overview.facts import gather
from engcrawl.overview.page import day, height, length_of, moment, percent, report, spark, value, web
from engcrawl.state import State
from engcrawl.text.dates import rfc3339
from tests.support.states import SITE, begun, post

NOW = datetime.now(UTC)


def counted(folder: Path, *posts: dict[str, Any], since: str | None = None) -> Counts:
    with begun(f"sqlite:///{folder}/archive.db") as state:
        for number, facts in enumerate(posts, 1):
            state.posts.store(post(number, **facts))
        return count(state, since, None, NOW)


def test_a_post_counts_once_a_year_in_the_largest_of_its_categories(tmp_path: Path) -> None:
    found = counted(
        tmp_path,
        {"published_date": "2024-01-01", "categories": ["a", "b"]},
        {"published_date": "2024-02-01", "categories": ["b"]},
        {"published_date": "2023-02-01", "categories": ["a"]},
        {"published_date": "2023-03-01", "categories": ["b", "c"]},
        {"categories": []},
    )
    assert found.years == {"2024": {"b": 2}, "2023": {"a": 1, "b": 1}, UNDATED: {OTHERS: 1}}
    assert list(found.years) == ["2024", "2023", UNDATED]
    assert found.legend == ["b", "a", OTHERS]


def test_categories_beyond_the_largest_are_others(tmp_path: Path) -> None:
    posts = [{"published_date": "2024-01-01", "categories": [f"c{n:02}"]} for n in range(30) for _ in range(30 - n)]
    found = counted(tmp_path, *posts)
    names = [f"c{n:02}" for n in range(CATEGORIES)]
    assert found.legend == [*names, OTHERS]
    assert found.years["2024"].total() == found.posts == len(posts)
    assert found.years["2024"][OTHERS] == len(posts) - sum(30 - n for n in range(CATEGORIES))


def test_words_are_binned_and_bodies_that_are_not_there_are_not_counted(tmp_path: Path) -> None:
    lengths = (0, 99, 100, 249, 250, 3999)
    found = counted(tmp_path, {}, *({"content_markdown": "w " * n, "content_html": "<p>w</p>"} for n in lengths))
    expected = [("under 100", 2), ("100–249", 2), ("250–499", 1), ("500–999", 0), ("1,000–1,999", 0)]
    assert found.words == [*expected, ("2,000–3,999", 1)]
    assert found.median == 174


def test_due_posts_are_told_by_how_soon(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/archive.db"
    with begun(url) as state:
        for number in range(1, 5):
            state.posts.store(post(number))
        state.posts.mark_gone(4)
        state.commit()
    with closing(sqlite3.connect(tmp_path / "archive.db")) as db, db:
        for number, days in ((1, -1), (2, 3), (3, 100), (4, 3)):
            db.execute("UPDATE posts SET due = ? WHERE id = ?", [rfc3339(NOW + timedelta(days=days)), number])
    with State.read(url, None) as state:
        found = count(state, None, None, NOW)
    assert found.due == [("now", 1), ("1–7 days", 1), ("over 60 days", 1), ("not planned", 1)]
    assert (found.posts, found.gone) == (4, 1)


def test_changes_are_new_updated_or_gone_and_bounded(tmp_path: Path) -> None:
    with begun(f"sqlite:///{tmp_path}/archive.db") as state:
        for number in range(1, CHANGES + 11):
            state.posts.store(post(number, published_date=f"2024-01-{1 + number % 28:02}"))
        state.posts.store(post(1, title="another", published_date="2025-01-01"))
        state.posts.mark_gone(2)
        found = count(state, "2020-01-01T00:00:00Z", None, NOW)
        assert count(state, rfc3339(NOW + timedelta(days=1)), None, NOW).newest == []
    assert found.changes == {"new": CHANGES + 8, "updated": 1, "gone": 1}
    assert len(found.newest) == CHANGES
    assert found.newest[0].title == "another"
    assert [one.day for one in found.newest] == sorted((one.day for one in found.newest), reverse=True)


def test_a_quiet_last_run_tells_of_the_one_that_changed_something(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/archive.db"
    with State.open(url, SITE) as state:
        tomorrow = rfc3339(NOW + timedelta(days=1))
        for name, new, start in (("archive-1", 1, "2026-11-23T00:00:00Z"), ("archive-2", 0, tomorrow)):
            state.runs.begin(name, "archive", {}, start)
            state.posts.store(post())
            verdict = {"reason": "r", "posts": {"new": new}, "problems": [], "coverage": {"posts": 1}}
            state.runs.end("complete", start, verdict)
        facts = gather(state, NOW)
    assert facts.changing is not None
    assert (facts.changing.name, facts.last and facts.last["name"]) == ("archive-1", "archive-2")
    assert "Nothing; the run of 23 Nov 2026, 00:00 UTC changed posts: 1 new" in report(facts, NOW)


@pytest.mark.parametrize("verdict", ["incomplete", "failed", "stopped", "died", "usage"])
def test_only_complete_is_green(tmp_path: Path, verdict: str) -> None:
    with State.open(f"sqlite:///{tmp_path}/archive.db", SITE) as state:
        state.runs.begin("archive-1", "archive", {}, "2026-11-23T00:00:00Z")
        state.runs.end(verdict, "2026-11-23T00:00:01Z", {"reason": "said by the run", "problems": []})
        page = report(gather(state, NOW), NOW)
    assert f'<div class="verdict {verdict}">' in page
    assert "said by the run" in page
    assert "complete" not in {word for part in page.split('class="')[1:] for word in part.split('"')[0].split()}


def test_what_a_run_changed_that_died_is_told_and_what_it_asked_is_not_known(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/archive.db"
    with State.open(url, SITE) as state:
        state.runs.begin("archive-1", "archive", {}, "2026-11-23T00:00:00Z")
        state.posts.store(post())
        state.commit()
    with State.read(url, None) as read:
        facts = gather(read, NOW)
    assert (facts.verdict, facts.changing and facts.changing.name, facts.counts.changes["new"]) == (
        "died",
        "archive-1",
        1,
    )
    page = report(facts, NOW)
    assert page.count('<td class="n">–</td>') == 5
    assert "Nothing" not in page


def test_a_run_that_died_is_told_and_one_at_work_is_left_out(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/archive.db"
    with State.open(url, SITE) as state:
        state.runs.begin("archive-1", "archive", {}, "2026-11-23T00:00:00Z")
        state.runs.begin("archive-2", "archive", {}, "2026-11-24T00:00:00Z")
        with State.read(url, None) as read:  # while the lock is held
            page = report(gather(read, NOW), NOW)
        assert "archive-1, 23 Nov 2026, 00:00 UTC</p>" in page
        assert "A run is at work now" in page
    with State.read(url, None) as read:
        page = report(gather(read, NOW), NOW)
    assert '<div class="verdict died">' in page
    assert "archive-2, 24 Nov 2026, 00:00 UTC</p>" in page
    assert "The run left no verdict." in page
    assert "A run is at work now" not in page


@pytest.mark.parametrize(("url", "expected"), [
    ("https://x.example/", "https://x.example/"), ("javascript:alert(1)", None), ("java\nscript:alert(1)", None),
    (" javascript:x", None), ("data:text/html,x", None), ("//x.example", None), ("http://[", None), ("", None),
    (None, None),
])  # fmt: skip
def test_links_lead_to_the_web_alone(url: str | None, expected: str | None) -> None:
    assert web(url) == expected


def test_a_job_of_many_blogs_writes_no_report() -> None:
    assert report_wanted(Settings({"ENGCRAWL_REPORT": "yes", "ENGCRAWL_PARENT": None}))
    assert not report_wanted(Settings({"ENGCRAWL_REPORT": "yes", "ENGCRAWL_PARENT": "17"}))
    assert not report_wanted(Settings({"ENGCRAWL_REPORT": "no", "ENGCRAWL_PARENT": None}))


def test_values_are_told_as_people_read_them() -> None:
    assert (day("2026-11-04"), moment("2026-11-04T03:05:00Z")) == ("4 Nov 2026", "4 Nov 2026, 03:05 UTC")
    assert day("2026-02-30") == "2026-02-30"
    assert (length_of(4.4), length_of(1560), length_of(None)) == ("4 s", "26 min 0 s", "")
    assert (percent(1), percent(0.9999), percent(0)) == ("100 %", "99.9 %", "0 %")
    assert [value(one) for one in (None, [], True, ["a", "b"], "x" * 201)] == [
        "nothing", "nothing", "yes", "a, b", "x" * 200 + "…",
    ]  # fmt: skip
    assert (height(0, 10), height(10, 10), height(0, 0)) == (0, 1, 0)
    assert spark([0, 1], 0, 1) == "0.0,22.0 100.0,2.0"


@pytest.mark.parametrize(("reason", "expected"), [
    ("HTTP 503 (3 tries)", "overloaded"), ("HTTP 403", "refuses"), ("robots.txt forbids it", "refuses"),
    ("HTTP 404", "isn't there"), ("TimeoutError: 60 s", "No answer"), ("larger than DOWNLOAD_MAXSIZE", "raise it"),
    ("a page cut short: it has no </html>", "not whole"), ("no body on its page or in REST", "theme"),
    ("not the page of post 7: a page titled 'Log In'", "something else"), ("anything", "tries again"),
])  # fmt: skip
def test_each_problem_has_advice(reason: str, expected: str) -> None:
    assert expected in advice.on_problem(reason)
