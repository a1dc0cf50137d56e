"""``blogs.yaml``: what may stand in it, what is said of what may not, and how it is extended."""

from __future__ import annotations

from pathlib import Path

import pytest

from engcrawl.errors import UsageError
from engcrawl.fleet.blogs import Blog, Blogs, changing

LIST = """\
# Our blogs; ask ops before you add one.
- site: https://engineering.fb.com   # the first
- site: https://www.example.com:8443/blog/
  schedule: 30 4 * * 1
  tags: [research, weekly]
  arguments: {types: [post, podcast], since: 2024-01-01, inventory: yes, full: true}
# the end
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "blogs.yaml"


def test_a_list_is_read_in_its_order(path: Path) -> None:
    path.write_text(LIST)
    blogs = Blogs.read(path)
    assert list(blogs) == [
        Blog(site="https://engineering.fb.com"),
        Blog(
            site="https://www.example.com:8443/blog",
            schedule="30 4 * * 1",
            tags=("research", "weekly"),
            arguments={"types": "post,podcast", "since": "2024-01-01", "inventory": "yes", "full": "yes"},
        ),
    ]
    assert [(blog.key, blog.host) for blog in blogs] == [
        ("engineering.fb.com", "engineering.fb.com"),
        ("example.com:8443_blog", "example.com:8443"),
    ]
    assert blogs.get("engineering.fb.com") == blogs.get("http://www.engineering.fb.com/") == next(iter(blogs))
    assert blogs.get("example.com") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- site: nonsense", "line 1: key site=nonsense: must be an address with http:// or https://"),
        ("\n\n- schedule: nightly", "line 3: key site is missing"),
        ("- site: https://a.example\n  sites: x", "line 2: unknown key sites: allowed are site, schedule, tags, argum"),
        (
            "- site: https://a.example\n  schedule: 4am",
            "line 2: key schedule=4am: must be nightly, or a cron expression",
        ),
        ("- site: https://a.example\n  schedule: R 4 * * *", "line 2: key schedule=R 4 * * *: must be nightly"),
        (
            "- site: https://a.example\n  schedule: 0 0 31 2 *",
            "line 2: key schedule=0 0 31 2 *: must be a time that exists",
        ),
        ("- site: https://a.example\n  tags: x", "line 2: key tags=x: must be a list of words"),
        ("- site: https://a.example\n  arguments: x", "line 2: key arguments=x: must be arguments of"),
        (
            "- site: https://a.example\n  arguments:\n    types: post\n    since: 2024-02-30",
            "line 4: argument since=2024-02-30: must be a day of the calendar",
        ),
        (
            "- site: https://a.example\n  arguments:\n    sinze: 2024-02-03",
            "line 3: unknown argument sinze: allowed are site, types",
        ),
        (
            "- site: https://a.example\n  arguments: {since: 2024-02-03, until: 2024-01-01}",
            "line 2: since=2024-02-03 is after until=2024-01-01",
        ),
        (
            "- site: https://a.example\n  arguments: {max_pages: 1}",
            "line 2: argument max_pages: isn't allowed in blogs",
        ),
        (
            "- site: https://a.example\n- site: http://www.a.example/",
            "line 2: http://www.a.example: the blog a.example is already in the list",
        ),
        ("- https://a.example", "line 1: must be a blog, `site: URL`"),
        ("site: https://a.example", "line 1: must be a list of blogs"),
        ("- site: https://a.example\n  site: https://b.example", "line 2: is no YAML: found duplicate key"),
        ("- site: [", "line 1: is no YAML: "),
        ("- site: https://../", "line 1: site='https://..': its key can't name a folder"),
        ("- site: https://a.example/%0a", "line 1: site='https://a.example/%0a': its key can't name a folder"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(path: Path, text: str, told: str) -> None:
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        Blogs.read(path)
    assert f"{path}: {told}" in str(error.value)
    assert "\n" not in str(error.value)


def test_every_wrong_line_is_named_at_once(path: Path) -> None:
    path.write_text("- site: a\n- site: https://b.example\n- site: c\n")
    with pytest.raises(UsageError, match=r"line 1: key site=a: .*; line 3: key site=c: "):
        Blogs.read(path)


def test_a_list_that_is_not_there_or_no_text_is_told(path: Path) -> None:
    with pytest.raises(UsageError, match="doesn't exist: `scrapy blogs add URL` makes it"):
        Blogs.read(path)
    path.write_bytes(b"- site: https://\xff")
    with pytest.raises(UsageError, match="must be text in UTF-8"):
        Blogs.read(path)


def test_what_is_added_stands_behind_all_that_was_there(path: Path) -> None:
    path.write_text(LIST)
    path.chmod(0o640)
    with changing(path) as blogs:
        blogs.with_sites(["https://a.example", "https://b.example/blog"]).write()
    assert path.read_text() == f"{LIST}- site: https://a.example\n- site: https://b.example/blog\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]
    assert [blog.key for blog in Blogs.read(path)][2:] == ["a.example", "b.example_blog"]


@pytest.mark.parametrize("before", ["", "# none yet", "  - site: https://a.example\n    tags: [x]"])
def test_a_list_is_extended_as_it_is_written(path: Path, before: str) -> None:
    path.write_text(before)
    with changing(path) as blogs:
        blogs.with_sites(["https://b.example"]).write()
    assert [blog.key for blog in Blogs.read(path)][-1] == "b.example"
    assert path.read_text().startswith(before)


def test_a_list_in_brackets_is_not_extended(path: Path) -> None:
    path.write_text("[{site: https://a.example}]")
    with changing(path) as blogs, pytest.raises(UsageError, match="must have a line `- site: URL` for each blog"):
        blogs.with_sites(["https://b.example"])
    assert path.read_text() == "[{site: https://a.example}]"
