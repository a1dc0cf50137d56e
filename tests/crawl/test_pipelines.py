"""The pipelines' rules, on a crawl that yields odd records."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from engcrawl.state import State
from tests.support.crawls import environment
from tests.support.folders import ROOT

SPIDER = """
from scrapy import Spider
from engcrawl.arguments import ArchiveArguments
from engcrawl.items import Found, Post

class OddSpider(Spider):
    name = "odd"
    arguments = ArchiveArguments()
    site = "https://x.example"

    async def start(self):
        url = "https://x.example/p/"
        moment = "2024-08-06T01:02:03+02:00"
        yield Found(post=Post(id=1, url=url, title="fine", published_date="AUG 5, 2024", modified_at=moment))
        yield Found(post=Post(id=1, url=url, title="again"))
        yield Found(post=Post(id=2, url=url, title="a day that isn't", published_date="someday"))
        yield Found(post=Post(id=3, url=url, title="twice", tags=["a", "a"]))
        yield Found(post=Post(id=4, url="https://x.example/p/#part", title="fragment"))
        yield Found(post=Post(id=0, url=url, title="no ID"))
        yield Found(post=Post(id=5, url=url, title="tags", tags=["b", "a"]))
        yield Found(post=Post(id=6, url=url, title="local time", published_at="2024-08-06T01:02:03"))
"""


def test_records_are_normalised_checked_and_out_once_and_every_drop_is_counted(output: Path, tmp_path: Path) -> None:
    spider = tmp_path / "odd.py"
    spider.write_text(SPIDER)
    line = [sys.executable, "-m", "scrapy", "runspider", str(spider)]
    done = subprocess.run(line, cwd=ROOT, env=environment(output), capture_output=True, text=True, check=True)
    (verdict_file,) = (output / "runs").glob("odd-*.json")
    verdict = json.loads(verdict_file.read_text())
    feed = [json.loads(line) for line in (output / "runs" / verdict["feed"]).read_text().splitlines()]
    kept = {p["id"]: (p["title"], p["published_date"], p["published_at"], p["modified_at"]) for p in feed}
    assert kept == {
        1: ("fine", "2024-08-05", None, "2024-08-05T23:02:03Z"),
        2: ("a day that isn't", None, None, None),
        6: ("local time", None, None, None),
    }
    assert {p["change"] for p in feed} == {"new"}
    with State.read(f"sqlite:///{output}/archive.db", None) as state:
        stored = [json.loads(line) for line, _ in state.posts.lines()]
    assert sorted(stored, key=lambda p: int(p["id"])) == [{k: v for k, v in p.items() if k != "change"} for p in feed]
    outcomes = {name: verdict["posts"][name] for name in ("new", "updated", "unchanged", "lost", "dropped")}
    dropped = {"duplicate": 1, "invalid": 4}
    assert outcomes == {"new": 3, "updated": 0, "unchanged": 0, "lost": 0, "dropped": dropped}
    assert "'engcrawl/dropped/invalid': 4" in done.stderr
    reasons = {p["post"]: p["reason"] for p in verdict["problems"]}
    assert reasons[2] == "published_date: not a date: 'someday'"
    assert "breaks the schema: tags: " in reasons[3]
    assert reasons[4].startswith("breaks the schema: url: ")
    assert reasons[0].startswith("breaks the schema: id: ")
    assert reasons[5] == "breaks the schema: tags: Value error, must be sorted, each value once"
