"""Publishing: what each run puts into a bucket or a shared folder, and what it does where it can't."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from scrapy.settings import Settings

from engcrawl.errors import UsageError
from engcrawl.report.publish import publish_target
from engcrawl.text.urls import blog_key
from tests.blog import Server
from tests.support.crawls import Crawl, Serve, command, run
from tests.support.nights import truth
from tests.support.postgres import database, postgres
from tests.support.s3 import Buckets

POSTS = 12


@pytest.fixture
def buckets() -> Iterator[Buckets]:
    with Buckets() as served:
        yield served


def published(server: Server, output: Path, buckets: Buckets, *arguments: str, **variables: str) -> Crawl:
    """Crawl and publish to a bucket; the requests to it are of this run alone."""
    buckets.requests.clear()
    target = {"ENGCRAWL_PUBLISH": f"s3://{buckets.bucket}/the blogs"}
    return run(command(*arguments, site=server.url), output, **buckets.environment | target | variables)


def files(folder: Path) -> dict[str, bytes]:
    """Read the files that are published of a blog, by their names in its folder."""
    names = [folder / "posts.jsonl", *(folder / "runs").iterdir()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in names}


def of_blog(server: Server, objects: dict[str, bytes]) -> dict[str, bytes]:
    """Return the published files of the blog by their names in its folder; nothing else may be there."""
    prefix = f"the blogs/{blog_key(server.url)}/"
    assert all(name.startswith(prefix) for name in objects)
    return {name.removeprefix(prefix): content for name, content in objects.items()}


def without_pointer(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in found.items() if name != "runs/latest.json"}


def pointer(found: dict[str, bytes]) -> dict[str, object]:
    """Return what ``latest.json`` says, but for what only the published one does."""
    said: dict[str, object] = json.loads(found["runs/latest.json"])
    said.pop("posts", None)
    return said


def test_a_bucket_gets_each_file_in_one_step_and_the_verdict_last(serve: Serve, output: Path, buckets: Buckets) -> None:
    server = serve(POSTS)
    tries: list[str] = []

    def twice(method: str, path: str) -> int | None:
        if method == "PUT" and path.endswith("posts.jsonl"):
            tries.append(path)
            return 503 if len(tries) < 3 else None
        return None

    buckets.refuse = twice
    first = published(server, output, buckets)
    assert (first.status, first.posts) == (0, truth(server.blog)), first.log
    assert len(tries) == 3
    found = of_blog(server, buckets.objects())
    assert without_pointer(found) == without_pointer(files(output))
    assert pointer(found) == pointer(files(output))
    key = blog_key(server.url)
    assert first.verdict["published"] == f"s3://{buckets.bucket}/the blogs/{key}"
    written = [name.removeprefix(f"the blogs/{key}/") for name in buckets.written]
    name = first.verdict["run"]
    assert written == ["posts.jsonl"] * 3 + [f"runs/{name}.jsonl", f"runs/{name}.json", "runs/latest.json"]
    assert "secret-of-tests" not in first.log

    quiet = published(server, output, buckets)
    assert (quiet.status, quiet.changes) == (0, {})
    name = quiet.verdict["run"]
    written = [name.removeprefix(f"the blogs/{key}/") for name in buckets.written]
    assert written == [f"runs/{name}.jsonl", f"runs/{name}.json", "runs/latest.json"]
    found = of_blog(server, buckets.objects())
    assert without_pointer(found) == without_pointer(files(output))
    assert pointer(found) == pointer(files(output))


def test_what_one_run_could_not_publish_the_next_does(serve: Serve, output: Path, buckets: Buckets) -> None:
    server = serve(POSTS)
    where = f"s3://{buckets.bucket}/the blogs/{blog_key(server.url)}"

    def refused(name: str) -> tuple[set[int], str]:
        """Crawl while the bucket takes no such file; return the changes found, and the name of their feed."""
        buckets.refuse = lambda method, path: 403 if method == "PUT" and path.endswith(name) else None
        done = published(server, output, buckets)
        verdict = done.verdict
        assert (done.status, verdict["verdict"], verdict["published"]) == (1, "failed", None)
        assert verdict["reason"].startswith(f"not published: {where}/{name}: ")
        assert "403" in verdict["reason"]
        ((url, reason),) = done.problems
        assert (url, reason.startswith("not published: ")) == (f"{where}/{name}", True)
        assert "Traceback" not in done.log
        assert "Debug source" not in done.log
        return set(done.changes), verdict["feed"]

    found, unpublished = refused("posts.jsonl")
    assert (len(found), buckets.objects()) == (len(truth(server.blog)), {})
    assert refused("runs/latest.json")[0] == found  # told again: no feed that was published had them
    assert "runs/latest.json" not in of_blog(server, buckets.objects())

    buckets.refuse = lambda method, path: None
    last = published(server, output, buckets)
    assert (last.status, last.changes, last.posts) == (0, {}, truth(server.blog))
    there, here = of_blog(server, buckets.objects()), files(output)
    del here[f"runs/{unpublished}"]
    assert without_pointer(there) == without_pointer(here)
    assert pointer(there) == pointer(here)


def test_a_machine_without_files_publishes_from_the_state(
    serve: Serve, output: Path, tmp_path: Path, buckets: Buckets
) -> None:
    server = serve(POSTS)
    with postgres() as url:
        state = {"ENGCRAWL_STATE": database(url)}
        first = published(server, output, buckets, **state)
        assert first.status == 0, first.log
        archive = of_blog(server, buckets.objects())["posts.jsonl"]
        shutil.rmtree(output)
        elsewhere = tmp_path / "elsewhere"
        quiet = published(server, elsewhere, buckets, **state)
        assert (quiet.status, quiet.changes) == (0, {})
        assert not any(name.endswith("posts.jsonl") for name in buckets.written)
        (name,) = (name for name in buckets.objects() if name.endswith("posts.jsonl"))
        buckets.delete(name)
        server.blog.publish(("web",))
        shutil.rmtree(elsewhere)
        last = published(server, elsewhere, buckets, **state)
        assert (last.status, len(last.changes)) == (0, 1)
    found = of_blog(server, buckets.objects())["posts.jsonl"]
    assert found == (elsewhere / "posts.jsonl").read_bytes()
    assert set(archive.splitlines()) < set(found.splitlines())


def test_a_shared_folder_gets_the_same_files_and_a_feed_of_ones_own_goes_to_a_bucket(
    serve: Serve, output: Path, tmp_path: Path, buckets: Buckets
) -> None:
    server = serve(POSTS)
    shared = tmp_path / "shared"
    shared.mkdir()
    # As docs/using-the-data.md has it.
    feeds = {
        "%(output)s/runs/%(run)s.jsonl": {"format": "jsonlines", "overwrite": True, "store_empty": True},
        f"s3://{buckets.bucket}/engcrawl/%(run)s.jsonl": {"format": "jsonlines"},
    }
    target = {"ENGCRAWL_PUBLISH": f"file://{shared}"}
    done = published(server, output, buckets, "-s", f"FEEDS={json.dumps(feeds)}", **target)
    assert done.status == 0, done.log
    there, here = files(shared / blog_key(server.url)), files(output)
    assert without_pointer(there) == without_pointer(here)
    assert pointer(there) == pointer(here)
    run_name, feed = done.verdict["run"], done.verdict["feed"]
    assert buckets.objects() == {f"engcrawl/{run_name}.jsonl": here[f"runs/{feed}"]}


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/shared/blogs", "must be like s3://bucket/prefix, "),
        ("ftp://host/blogs", "must be like s3://bucket/prefix, "),
        ("s3://user:password@bucket/blogs", "must be like s3://bucket/prefix, "),
        ("s3://bucket/blogs?region=eu", "must be like s3://bucket/prefix, "),
        ("s3://", "Generic URL error: Unable to recognise URL"),
        ("file://shared/blogs", "must name an existing folder, like file:///shared/blogs"),
        ("file:///no/such/folder", "must name an existing folder, like file:///shared/blogs"),
        ("az://container/blogs", "Generic MicrosoftAzure error: Account must be specified"),
    ],
)
def test_an_address_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, target: str, said: str) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(UsageError) as raised:
        publish_target(Settings({"ENGCRAWL_PUBLISH": target}))
    shown = target.replace("password", "***")
    assert str(raised.value).startswith(f"setting ENGCRAWL_PUBLISH={shown}: {said}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("target", [None, "", "s3://bucket", "gs://bucket/blogs"])
def test_an_address_that_can_be_is_taken(target: str | None) -> None:
    assert publish_target(Settings({"ENGCRAWL_PUBLISH": target})) == (target or None)


def test_without_obstore_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    with pytest.raises(UsageError, match=r"s3://bucket/blogs: needs the package obstore: pip install obstore$"):
        publish_target(Settings({"ENGCRAWL_PUBLISH": "s3://bucket/blogs"}))


def test_a_wrong_address_ends_the_run_before_its_first_request(serve: Serve, output: Path) -> None:
    server = serve(POSTS)
    done = run(command(site=server.url), output, ENGCRAWL_PUBLISH="ftp://host/blogs")
    assert (done.status, len(done.log.splitlines()), server.requests) == (2, 1, [])
    assert done.log.startswith("scrapy crawl: setting ENGCRAWL_PUBLISH=ftp://host/blogs: must be like ")
