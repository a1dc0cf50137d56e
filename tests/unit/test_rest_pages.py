"""REST as old and troubled sites answer it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engcrawl.items import Post
from engcrawl.pages import NotThePage, rest

URL = "https://x.example/wp-json/wp/v2/posts"
OF_2016: dict[str, Any] = {
    "id": 7,
    "date": "2016-12-06T23:30:00",
    "date_gmt": "2016-12-07T06:30:00",
    "modified": "2016-12-07T00:00:00",
    "modified_gmt": "2016-12-07T07:00:00",
    "slug": "one",
    "type": "post",
    "link": "https://x.example/one/",
    "title": {"rendered": "One"},
    "content": {"rendered": '<p>Body <a href="/b">b</a></p>\n'},
    "excerpt": {"rendered": "<p>Short</p>\n"},
    "author": 1,
    "featured_media": 0,
    "categories": [25],
    "tags": [],
}
BODY = '<p>Body <a href="https://x.example/b">b</a></p>'


def read(**facts: Any) -> Post:
    (post,) = rest.read_posts(json.dumps([OF_2016 | facts]), URL, {25: "web"})
    return post


def test_the_first_wordpress_with_rest_is_read() -> None:
    assert read() == Post(
        id=7,
        url="https://x.example/one/",
        title="One",
        published_date="2016-12-06",
        published_at="2016-12-07T06:30:00Z",
        modified_at="2016-12-07T07:00:00Z",
        categories=["web"],
        excerpt="Short",
        content_html=BODY,
        content_source="rest",
    )


@pytest.mark.parametrize("none", [None, "", "0000-00-00T00:00:00", "0000-00-00 00:00:00", "-0001-11-30T00:00:00"])
def test_a_date_of_zeros_is_none(none: str | None) -> None:
    post = read(date_gmt=none, modified_gmt=none, date=none)
    assert (post.published_date, post.published_at, post.modified_at) == (None, None, None)


def test_an_instant_may_have_its_offset_already() -> None:
    post = read(date_gmt="2016-12-07T06:30:00Z", modified_gmt="2016-12-07T07:00:00+00:00", date="2016-12-06 23:30:00")
    assert (post.published_date, post.published_at) == ("2016-12-06", "2016-12-07T06:30:00Z")
    assert post.modified_at == "2016-12-07T07:00:00+00:00"


def test_texts_may_be_plain_or_missing() -> None:
    post = read(title="It&#8217;s\x0b <em>R&amp;D</em>\ud800", excerpt=None, content=None)
    assert (post.title, post.excerpt, post.content_html, post.content_source) == ("It’s R&D", None, None, None)
    assert read(title={"rendered": "a\x0bb"}, content="<p>x</p>").content_html == "<p>x</p>"


def test_a_type_is_told() -> None:
    assert (read(type="story").type, read(type=None).type) == ("story", "post")


@pytest.mark.parametrize("content", [{"protected": False}, {"rendered": ""}, {"rendered": " \n"}, {"rendered": None}])
def test_where_is_no_body_is_no_source(content: dict[str, Any]) -> None:
    post = read(content=content)
    assert (post.content_html, post.content_source) == (None, None)


def test_an_entry_that_cannot_be_read_spoils_the_page() -> None:
    entries = [OF_2016, {name: value for name, value in OF_2016.items() if name != "link"}]
    with pytest.raises(NotThePage, match="an entry that can't be read: KeyError"):
        rest.read_posts(json.dumps(entries), URL, {})


WARNING = "<br />\n<b>Warning</b>:  Undefined array key in <b>/srv/a.php</b> on line <b>[3]</b><br />\n"


@pytest.mark.parametrize(
    "before", ["\ufeff", "\ufeff \n", "\r\n\t", WARNING, WARNING * 30, f"Notice: x\n[1, 2\n{WARNING}"]
)
@pytest.mark.parametrize("indent", [None, 4])
def test_what_is_printed_before_a_list_costs_nothing(before: str, indent: int | None) -> None:
    text = before + json.dumps([OF_2016], indent=indent)
    assert rest.read_posts(text, URL, {25: "web"}) == [read()]
    assert rest.read_posts(f"{before}[]\n", URL, {}) == []


@pytest.mark.parametrize(
    "text",
    [
        WARNING,
        WARNING + "[1, 2",
        WARNING + '{"code": "x"}',
        WARNING + "[[" * 100_000,
        "<html><script>\n[]",
        "x []",
        "[]\n<html>",
    ],
)
def test_what_does_not_end_with_a_list_is_not_the_page(text: str) -> None:
    for reader in (rest.read_categories, rest.read_bodies):
        with pytest.raises(NotThePage):
            reader(text, URL)


def test_bodies_are_read_by_their_posts_ids() -> None:
    entries = [
        {"id": 7, "content": {"rendered": '<p onclick="x">Body <a href="/b">b</a></p>', "protected": False}},
        {"id": 8, "content": {"rendered": "<p>x</p>", "protected": True}},
        {"id": 9, "content": {"rendered": "\n", "protected": False}},
        {"id": 10, "content": {"rendered": "<p>One</p><!--nextpage--><p>Two</p><script>x</script>"}},
        {"id": 11, "link": "https://x.example/a/", "content": {"rendered": '<p><a href="b">b</a></p>'}},
        {"id": 12, "link": "https://other.example/a/", "content": {"rendered": "<p>x</p>"}},
    ]
    assert rest.read_bodies(json.dumps(entries), URL) == {
        7: BODY,
        8: None,
        9: None,
        10: "<p>One</p>\n<p>Two</p>",
        11: '<p><a href="https://x.example/a/b">b</a></p>',
        12: None,
    }


@pytest.mark.parametrize("entry", [{"id": 7}, {"content": {"rendered": "x"}}, {"id": 7, "content": {}}, 7, None])
def test_bodies_without_what_they_need_are_not_the_page(entry: Any) -> None:
    with pytest.raises(NotThePage, match="can't be read"):
        rest.read_bodies(json.dumps([entry]), URL)
