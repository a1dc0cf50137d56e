"""What a run tells: Scrapy's stats in the verdict, metrics for Prometheus, the log as JSON."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engcrawl.text.dates import instant
from tests.blog import Fault, Server
from tests.support.crawls import Serve, command, run

COUNTED = ("-a", "inventory=yes", "-a", "pagination=links")


# Stats


@pytest.mark.parametrize("feeds", [(), ("-s", "FEEDS={}")])
def test_a_verdict_has_scrapys_stats_those_of_the_end_too_and_metrics_that_cannot_be_written_are_a_line_in_the_log(
    serve: Serve, output: Path, feeds: tuple[str, ...]
) -> None:
    server = serve(posts=20, faults=[Fault("status", "/category/web/", times=1)])
    file = output.parent / "no" / "such.prom"
    line = command("-a", "articles=no", *feeds, "-s", f"ENGCRAWL_METRICS={file}", site=server.url)
    done = run(line, output)
    assert done.status == 0
    stats = done.verdict["stats"]
    assert stats["downloader/request_count"] == len(server.requests)
    assert stats["retry/count"] == 1
    assert stats["finish_reason"] == "finished"
    start, finish = instant(stats["start_time"]), instant(stats["finish_time"])
    assert start is not None
    assert finish is not None
    assert start <= finish
    assert stats["elapsed_time_seconds"] > 0
    (said,) = [line for line in done.log.splitlines() if "such.prom" in line]
    reason = f"[Errno {errno.ENOENT}] No such file or directory"
    assert said.partition("] ERROR: ")[2].startswith(f"ENGCRAWL_METRICS={file}: can't be written: {reason}")


# Metrics


def samples(path: Path, server: Server) -> dict[str, Any]:
    """What Prometheus reads from the file, without the labels that all have: ``name{label}`` -> value."""
    found: dict[str, Any] = {}
    for family in text_string_to_metric_families(path.read_text()):
        assert family.documentation
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("site") == server.url
            spider = "" if sample.name == "engcrawl_archive_posts" else labels.pop("spider")
            name = ",".join(
                [
                    sample.name.removeprefix("engcrawl_"),
                    *filter(None, [spider, *(labels[name] for name in sorted(labels))]),
                ]
            )
            assert name not in found
            found[name] = sample.value
    return found


def test_metrics_are_of_the_last_run_and_know_the_last_complete_one(serve: Serve, output: Path) -> None:
    server = serve(posts=30, faults=[Fault("status", "/category/web/", times=1)])
    file = output.parent / "engcrawl.prom"
    metrics = {"ENGCRAWL_METRICS": str(file)}
    first = run(command(*COUNTED, site=server.url), output, **metrics)
    assert first.status == 0, first.log
    found = samples(file, server)
    stats, sources = first.verdict["stats"], first.verdict["proof"]["sources"]
    end, begin = instant(first.verdict["end"]), instant(first.verdict["start"])
    assert end is not None
    assert begin is not None
    assert found == {
        "archive_posts": 30,
        **{f"verdict,archive,{name}": 0 for name in ("failed", "usage", "incomplete", "locked", "stopped")},
        "verdict,archive,complete": 1,
        "exit_status,archive": 0,
        "last_run_timestamp_seconds,archive": end.timestamp(),
        "last_complete_run_timestamp_seconds,archive": end.timestamp(),
        "run_duration_seconds,archive": (end - begin).total_seconds(),
        **{f"run_posts,archive,{name}": 0 for name in ("updated", "gone", "unchanged", "lost", "unlisted")},
        "run_posts,archive,new": 30,
        "run_problems,archive": 0,
        "run_requests,archive": stats["downloader/request_count"],
        "run_retries,archive": 1,
        **{f"proof_proves,archive,{name}": source["proves"] for name, source in sources.items()},
        **{
            f"proof_posts,archive,{fact},{name}": source[fact]
            for name, source in sources.items()
            for fact in ("listed", "in_archive", "unexpected")
        },
        **{f"proof_posts,archive,missing,{name}": len(source["missing"]) for name, source in sources.items()},
        **{
            f"proof_posts,archive,claimed,{name}": source["claimed"]
            for name, source in sources.items()
            if source["claimed"] is not None
        },
    }

    server.faults.append(Fault("status", "/category/web/", status=500))
    second = run(
        command("-a", "full=yes", "-a", "inventory=no", site=server.url, settings={"RETRY_TIMES": "0"}),
        output,
        **metrics,
    )
    assert second.status == 3
    found = samples(file, server)
    moment = instant(second.verdict["end"])
    assert moment is not None
    assert (found["verdict,archive,complete"], found["verdict,archive,incomplete"]) == (0, 1)
    assert (found["exit_status,archive"], found["run_problems,archive"]) == (3, 1)
    assert found["last_run_timestamp_seconds,archive"] == moment.timestamp()
    assert found["last_complete_run_timestamp_seconds,archive"] == end.timestamp()
    assert not [name for name in found if name.startswith("proof")]  # it counted nothing

    server.faults.clear()
    third = run(command(spider="inventory", site=server.url), output, **metrics)
    assert third.status == 0
    found = samples(file, server)
    assert (found["verdict,archive,incomplete"], found["verdict,inventory,complete"]) == (1, 1)

    (output / "archive.db").write_bytes(b"no database" * 1000)
    fourth = run(command(site=server.url), output, **metrics)
    assert fourth.status == 1
    found = samples(file, server)
    assert (found["verdict,archive,failed"], found["exit_status,archive"]) == (1, 1)
    assert "last_complete_run_timestamp_seconds,archive" not in found  # nobody knows
    assert [path.name for path in output.parent.iterdir() if path != output] == ["engcrawl.prom"]


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("ENGCRAWL_METRICS=run.txt", "must end in .prom, or node_exporter doesn't read it"),
        ("ENGCRAWL_LOG=xml", "must be text or json"),
    ],
)
def test_a_wrong_setting_is_one_line(output: Path, setting: str, why: str) -> None:
    done = run(command("-s", setting), output)
    assert (done.status, done.log) == (2, f"scrapy crawl: setting {setting}: {why}\n")


# The log


BROKEN = """
from engcrawl.spiders.archive import ArchiveSpider

class BrokenSpider(ArchiveSpider):
    name = "broken"

    async def start(self):
        raise ValueError("first line\\nhttp://me:sesame@h/")
        yield
"""


def lines(text: str) -> list[dict[str, Any]]:
    """The objects of a log, each checked for what all have."""
    found = [json.loads(line) for line in text.splitlines()]
    for one in found:
        assert list(one)[:5] == ["time", "run", "level", "logger", "message"]
        assert set(one) <= {"time", "run", "level", "logger", "message", "exception"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["time"])
    return found


@pytest.mark.parametrize("to_file", [False, True])
def test_each_line_of_the_log_can_be_an_object(serve: Serve, output: Path, to_file: bool) -> None:
    server = serve(posts=20)
    file = output.parent / "run.log"
    extra = ("-s", f"LOG_FILE={file}") if to_file else ()
    done = run(command("-a", "articles=no", *extra, site=server.url), output, ENGCRAWL_LOG="json")
    assert done.status == 0
    assert not to_file or done.log == ""
    found = lines(file.read_text() if to_file else done.log)
    run_name = done.verdict["run"]
    assert found[0]["message"] == "Scrapy 2.19.0 started (bot: engcrawl)"
    assert {one["run"] for one in found} == {None, run_name}
    named = [one["run"] for one in found]
    assert named == [None] * named.count(None) + [run_name] * named.count(run_name)
    verdicts = [one for one in found if one["message"].startswith("Verdict: ")]
    assert [(one["level"], one["logger"]) for one in verdicts] == [("INFO", "engcrawl.extensions.run")]


def test_an_exception_is_part_of_its_object(serve: Serve, output: Path, tmp_path: Path) -> None:
    server = serve(posts=20)
    (tmp_path / "broken.py").write_text(BROKEN)
    settings = {"SPIDER_MODULES": "broken"}
    line = command(spider="broken", site=server.url, settings=settings)
    done = run(line, output, ENGCRAWL_LOG="json", PYTHONPATH=str(tmp_path))
    assert done.status == 1
    errors = [one for one in lines(done.log) if "exception" in one]
    assert errors
    assert errors[0]["exception"].startswith("Traceback (most recent call last):\n")
    assert errors[0]["exception"].endswith("ValueError: first line\n http://me:***@h/")
