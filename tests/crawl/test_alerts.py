"""Alerts: real crawls, and those who are told, an SMTP server and an HTTP server on loopback."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from engcrawl.state.lock import HOST, RunLock
from tests.blog import Fault
from tests.support.alerting import alerting, query, webhook
from tests.support.crawls import Crawl, Serve, command, environment
from tests.support.folders import ROOT
from tests.support.receivers import Receivers

DOCS = ROOT / "docs"
WHOLE = ("-a", "inventory=yes")


def found(receivers: Receivers) -> dict[str, str]:
    """What the one message says, by monitor; nothing if there was none."""
    if not receivers.posted:
        return {}
    (posted,) = receivers.posted
    return {one["monitor"]: one["message"] for one in posted.body["alerts"]}


def stat(done: Crawl, name: str) -> int:
    """A number that Scrapy's statistics have, in the log's dump."""
    match = re.search(rf"'{name}': (\d+)", done.log)
    assert match
    return int(match[1])


# Monitors


def test_each_night_is_held_against_those_before_and_only_what_got_worse_is_told(
    serve: Serve, output: Path, receivers: Receivers
) -> None:
    server = serve(posts=60)
    blog = server.blog

    def night(*arguments: str, status: int = 0, env: dict[str, str] | None = None, spider: str = "archive") -> Crawl:
        receivers.clear()
        whole = WHOLE if spider == "archive" and not any("inventory=" in one for one in arguments) else ()
        done = alerting(output, webhook(receivers) | (env or {}), *whole, *arguments, site=server.url, spider=spider)
        assert done.status == status, done.log
        return done

    # The first: nothing to compare with.
    first = night()
    assert found(receivers) == {}
    keys = (DOCS / "reference" / "verdict.md").read_text("utf-8").partition("| key |")[2].partition("\n\n")[0]
    named = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in keys.splitlines() if row.startswith("| `")]
    assert [name for row in named for name in row] == list(first.verdict)
    assert first.verdict["coverage"] == coverage(first.posts, gone=0)

    # One that is killed, and the next, which finds it.
    line = command(*WHOLE, "-a", "full=yes", site=server.url, settings={"DOWNLOAD_DELAY": "0.3"})
    quiet = subprocess.DEVNULL
    begun = len(server.requests)
    with subprocess.Popen(line, cwd=ROOT, env=environment(output), stdout=quiet, stderr=quiet) as process:
        while len(server.requests) < begun + 3:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    night()
    ((monitor, said),) = found(receivers).items()
    assert monitor == "NoneDied"
    assert re.fullmatch(
        rf"1 before this one died without a verdict: archive-\d+T\d+Z(-\d+)? \(pid {process.pid} on {HOST}\)", said
    )

    # Runs that take a part, and one that only counts: posts that the next run will fetch are no news.
    night("-a", "max_pages=1", "-a", "full=yes", "-a", "inventory=no", status=5)
    assert found(receivers) == {}
    lost = [blog.publish(("web",)), blog.publish(("storage",))]
    night(spider="inventory", status=3)
    assert found(receivers) == {}

    # Two posts that can't be had, and a last complete run that is too old.
    server.faults += [Fault("status", post.path, status=500) for post in lost]
    server.faults.append(Fault("status", "/wp-json/wp/v2/posts", status=403))  # it gives no bodies
    query(output, "UPDATE runs SET end = '2026-01-01T00:00:00Z' WHERE verdict = 'complete'")
    done = night(status=3, env={"MAX_AGE": "26h"})
    told = found(receivers)
    requests = stat(done, "downloader/request_count")
    assert re.fullmatch(
        r"the last complete run, archive-\S+, ended \d+d( \d+h)? ago; 1d 2h are allowed", told.pop("CompleteLately")
    )
    assert told == {
        "VerdictComplete": "the verdict is incomplete (exit status 3): 2 pages or posts could not be read",
        "CoverageHeld": "fields that posts had are missing: content_html in 56 of 58 (96.6%), before in 56 of 56"
        " (100.0%)",
        "ErrorsFew": f"10 of {requests} ({1000 / requests:.1f}%) requests failed: 0 without an answer",
        "RetriesFew": f"8 of {requests} ({800 / requests:.1f}%) requests were retries: 500 Internal Server Error"
        " 8 times",
    }

    # All is well again.
    server.faults.clear()
    night()
    assert found(receivers) == {}

    # Another theme, on the pages that are read again.
    server.faults.append(Fault("theme", r"/\d{4}/.*"))
    query(output, "UPDATE posts SET due = '2000-01-01T00:00:00Z' WHERE due IS NOT NULL")
    done = night("-a", "full=yes")
    count = done.verdict["proof"]["disagreements"]["title"]
    assert count > 50
    assert found(receivers) == {"ThemeUnchanged": f"pages and REST disagree on title of {count} posts, before of 0"}
    assert done.verdict["coverage"] == coverage(done.posts, gone=0)

    # Posts that the site took down.
    server.faults.clear()
    before = len(done.posts)
    taken_down = [i for i in blog.whole if not blog.post(i).external][-3:]
    gone = [blog.remove(index) for index in taken_down]
    done = night("-a", "full=yes")
    assert found(receivers)["PostsNotFewer"] == f"{len(gone)} of {before} posts are gone from the site, there were 0"

    # Posts that the archive lost.
    query(output, "DELETE FROM mentions WHERE post IN (SELECT id FROM posts WHERE gone_since IS NOT NULL)")
    query(output, "DELETE FROM posts WHERE gone_since IS NOT NULL")
    night()
    assert found(receivers)["PostsNotFewer"] == f"the archive has {before - len(gone)} posts, it had {before}"


# Runs that cannot begin


def test_a_run_that_cannot_begin_is_told_and_one_that_is_locked_out_is_not(
    output: Path, receivers: Receivers, unused_port: int
) -> None:
    output.mkdir()
    site = f"http://127.0.0.1:{unused_port}"
    (output / "archive.db").write_text("no database")
    done = alerting(output, webhook(receivers), site=site)
    assert done.status == 1
    said = found(receivers)["VerdictComplete"]
    assert said.startswith(f"the verdict is failed (exit status 1): sqlite:///{output}/archive.db: ")
    assert receivers.posted[0].body["run"] is None
    receivers.clear()
    lock = RunLock(output / "run.lock", "the output")
    assert alerting(output, webhook(receivers), site=site).status == 4
    lock.release()
    assert receivers.posted == []


def test_a_wrong_variable_ends_the_run_before_it_begins(output: Path, serve: Serve) -> None:
    server = serve(posts=20)
    done = alerting(output, {"EMAIL_TO": "ops@example.com"}, site=server.url)
    assert done.status == 2
    line = "ENGCRAWL_ALERT_EMAIL_TO: needs ENGCRAWL_ALERT_SMTP_HOST too"
    assert done.log.splitlines()[-1].endswith(f"ERROR: Verdict: usage (exit status 2): {line}")
    assert server.requests == []
    assert not output.exists()


def coverage(posts: list[dict[str, Any]], gone: int) -> dict[str, int]:
    """What records say, counted one by one."""
    own = [post for post in posts if not post["external"]]
    open_ = [post for post in own if not post["protected"]]
    return {
        "posts": len(posts),
        "gone": gone,
        "own": len(own),
        **{name: sum(bool(post[name]) for post in own) for name in ("published_date", "published_at", "authors")},
        "open": len(open_),
        "content_html": sum(post["content_html"] is not None for post in open_),
    }
