"""Watch a crawl on a terminal, as a person would."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.blog import Fault
from tests.support.crawls import Crawl, Serve, command, run
from tests.support.terminal import HIDE, SHOW, on_terminal

STEERING = "\x1b]0;owned\x07"


def messages(log: str) -> set[str]:
    """The lines of a log without what differs from run to run: its time, and every number."""
    found = {re.sub(r"^\S+ \S+ ", "", line) for line in log.splitlines() if " INFO: " in line or " WARNING: " in line}
    return {re.sub(r"\d+", "N", line) for line in found if "Overridden" not in line and "/s" not in line}


def test_a_terminal_shows_the_run_and_its_end_and_a_file_has_the_log(serve: Serve, output: Path) -> None:
    server = serve(
        posts=40,
        faults=[
            Fault("status", "/category/web/", times=1, headers={"Retry-After": "2"}),
            Fault("status", "/category/video/", status=410),
        ],
    )
    shown = on_terminal(command("-a", "articles=no", site=server.url), output)
    done = Crawl(shown.status, "", output)
    verdict = done.verdict
    (problem,) = verdict["problems"]
    log = output / "runs" / f"{verdict['run']}.log"
    assert shown.text.startswith(f"log: {log}\n")
    for phase in ("listings", "other lists", "reading posts", "settle", "proof", "publish"):
        assert f"{server.url.removeprefix('http://')}: {phase} " in shown.text
    assert re.search(r"categories ━+ 17/17", shown.text)
    assert re.search(rf"posts +━+ {len(done.posts)}/{len(done.posts)}", shown.text)
    assert re.search(r"requests \d+ · problems \d *\nwaits 2 s: the site asked for it", shown.text)
    said = f"problem: {problem['url']}: {problem['reason']}"
    assert said in shown.text.partition("╭─ Verdict")[0]  # as it came
    left = [line for line in shown.left(80) if line]
    assert left[0] == f"log: {log}"[:80]
    end = next(n for n, line in enumerate(left) if line.startswith("╭─ Verdict"))
    last = "\n".join(left[end:])
    assert shown.status == verdict["exit_status"] == 3
    assert f"│ incomplete: {verdict['reason']}" in last
    assert f"posts: {len(done.posts)} in the archive; {len(done.posts)} new, 0 updated, 0 gone" in last
    assert f"requests: {len(server.requests)}, exit status 3" in last
    assert f"its log          {log}" in shown.text
    assert "report.html" not in last
    assert "\x1b[1;33mincomplete\x1b[0m: " in shown.raw
    assert "━" not in "".join(left)
    assert shown.raw.count(HIDE) == 1 <= shown.raw.count(SHOW)

    # The same run without a terminal: all of its log on standard error, no other file, and the file had the same lines.
    server.faults[0].times = 1
    other = output.parent / "other"
    plain = run(command("-a", "articles=no", site=server.url), other)
    assert plain.status == 3
    assert "Waiting 2 s because" in plain.log
    assert not list(other.glob("runs/*.log"))
    assert {"\x1b", "━", "╭"}.isdisjoint(plain.log)
    ours, its = (messages(text.replace(str(output.parent), "")) for text in (log.read_text(), plain.log))
    assert {line.replace("/other", "/output") for line in its} == {
        line.replace(f"/{output.name}", "/output") for line in ours
    }


@pytest.mark.parametrize("again", [False, True])
def test_an_interrupt_is_shown_and_a_second_one_leaves_the_terminal_in_order(
    serve: Serve, output: Path, again: bool
) -> None:
    server = serve(posts=20, faults=[Fault("slow", "/robots.txt", seconds=3)])
    sent: list[int] = []

    def interrupt(process: subprocess.Popen[bytes], shown: str) -> None:
        now = again and "stopping: " in shown if sent else "requests 1" in shown
        if now and len(sent) <= again:
            sent.append(signal.SIGINT)
            process.send_signal(signal.SIGINT)

    shown = on_terminal(command(site=server.url, settings={"RETRY_TIMES": "0"}), output, interrupt)
    said = r"stopping: waits for [12] requests under way; again to end at once"
    assert re.search(said, shown.text)
    left = [line for line in shown.left(80) if line]
    assert "━" not in "".join(left)
    assert shown.raw.rindex(SHOW) > shown.raw.rindex(HIDE)
    if again:
        assert shown.status == 5
        assert "\nscrapy crawl: stopped (exit status 5): told to stop before the first answer" in shown.text
        (log,) = (output / "runs").glob("*.log")
        assert shown.text.endswith(f"\nlog: {log}\n")
        assert "Verdict: stopped" in log.read_text()
    else:
        assert shown.status == 5
        assert "│ stopped: ended early: shutdown" in "\n".join(left)


def test_a_simple_terminal_gets_lines_alone_and_a_site_steers_none(serve: Serve, output: Path, tmp_path: Path) -> None:
    server = serve(posts=20)
    (tmp_path / "odd.py").write_text(
        "from engcrawl.spiders.archive import ArchiveSpider\n\n"
        "class OddSpider(ArchiveSpider):\n    name = 'odd'\n\n    async def start(self):\n"
        f"        self.run.log.problem('http://me:sesame@h/', {STEERING + '[bold]red[/bold]'!r})\n"
        "        raise ValueError('first line')\n        yield\n"
    )
    (output / "report.html").parent.mkdir(parents=True, exist_ok=True)
    (output / "report.html").touch()
    line = command(spider="odd", site=server.url, settings={"SPIDER_MODULES": "odd"})
    shown = on_terminal(line, output, TERM="dumb", PYTHONPATH=str(tmp_path), ENGCRAWL_LOG="json")
    assert shown.status == 1
    assert {"\x1b", "\x07"}.isdisjoint(shown.raw)
    for said in (
        f"{server.url.removeprefix('http://')}: proof\n",
        "problem: http://me:***@h/:  ]0;owned [bold]red[/bold]\n",
        ": ValueError: first line\n",
        "│ failed: an error in the code: ValueError: first line",
        f"the report       {output}/report.html\n",
    ):
        assert said in shown.text
    (log,) = (output / "runs").glob("*.log")
    found = [json.loads(one) for one in log.read_text().splitlines()]
    assert found[0]["message"] == "Scrapy 2.19.0 started (bot: engcrawl)"
    named = [one["run"] for one in found]
    assert named == [None] * named.count(None) + [log.stem] * named.count(log.stem)
    assert any("exception" in one for one in found)


def test_an_error_of_the_display_is_a_line_in_the_log_and_leaves_run_and_terminal_as_they_are(
    serve: Serve, output: Path, tmp_path: Path
) -> None:
    (tmp_path / "blind.py").write_text(
        "from engcrawl.extensions.progress import Display\nfrom engcrawl.report import ending\n"
        "from engcrawl.spiders.archive import ArchiveSpider\n\n"
        "def broken(*_):\n    raise ValueError('no picture')\n\n"
        "class BlindSpider(ArchiveSpider):\n    name = 'blind'\n\n    async def start(self):\n"
        "        Display._status = ending.show = broken\n"
        "        async for found in super().start():\n            yield found\n"
    )
    settings = {"SPIDER_MODULES": "blind"}
    line = command("-a", "articles=no", "-a", "inventory=no", spider="blind", site=serve().url, settings=settings)
    shown = on_terminal(line, output, PYTHONPATH=str(tmp_path))
    done = Crawl(shown.status, "", output)
    assert (done.status, done.verdict["verdict"]) == (0, "complete")
    assert "error: " in shown.text
    assert "ValueError: no picture" in shown.text
    assert shown.raw.rindex(SHOW) > shown.raw.rindex(HIDE)
    (log,) = (output / "runs").glob("*.log")
    assert "The last screen can't be shown\nTraceback (most recent call last):" in log.read_text()


def test_the_terminal_tells_why_a_run_did_not_begin_and_the_log_stays_where_it_was_asked_for(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=20)
    file = output.parent / "mine.log"

    def crawl_too(process: subprocess.Popen[bytes], shown: str) -> None:
        if "listings" in shown and not locked:
            locked.append(on_terminal(command(site=server.url), output))

    locked: list[object] = []
    server.faults.append(Fault("slow", "/category/web/", seconds=10))  # longer than a start on a busy machine
    done = on_terminal(
        command("-a", "articles=no", "-s", f"LOG_FILE={file}", site=server.url), output, crawl_too, NO_COLOR="1"
    )
    assert done.status == 0
    assert "Verdict: complete" in file.read_text()
    assert "│ complete: " in done.text
    assert not list(output.glob("runs/*.log"))
    assert not re.search(r"\x1b\[[\d;]*3\dm", done.raw)
    (second,) = locked
    assert second.status == 4  # type: ignore[attr-defined]
    assert "Scrapy 2.19.0 started" in second.text  # type: ignore[attr-defined]
    assert "Verdict: locked (exit status 4): " in second.text  # type: ignore[attr-defined]
