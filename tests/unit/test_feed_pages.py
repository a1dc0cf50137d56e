"""Feeds as sites send them: whole, with faults in one entry, or no feed at all."""

from __future__ import annotations

import codecs
import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engcrawl.items import Mention
from engcrawl.pages import NotThePage, feed

URL = "https://x.example/feed/"
NAMESPACES = 'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom"'
HEAD = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" {NAMESPACES}><channel><link>https://x.example</link>'
)
END = "</channel></rss>"


def item(number: int, title: str = "x", more: str = "") -> str:
    return (
        f"<item><title>{title}</title><link>https://x.example/post-{number}/</link>"
        f'<guid isPermaLink="false">https://x.example/?p={number}</guid>{more}</item>'
    )


def rss(*items: str) -> bytes:
    return f"{HEAD}{''.join(items)}{END}".encode()


def posts(*numbers: int) -> list[Mention]:
    return [Mention(url=f"https://x.example/post-{number}/", post=number) for number in numbers]


ATOM = """<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom"><updated>2025-01-01T00:00:00Z</updated><link href="https://x.example"/>
<entry><id>https://x.example/?p=7</id><link rel="replies" href="https://x.example/post-7/#c"/>
<link rel="alternate" href="https://x.example/post-7/"/><updated> 2024-08-23T07:00:00Z </updated>
<published>2024-08-22T07:00:00Z</published><title>{}</title></entry>
<entry><id>tag:x</id><link href="https://x.example/post-8/"/></entry></feed>"""


def test_an_atom_entry_says_when_it_was_changed() -> None:
    seven = Mention(url="https://x.example/post-7/", post=7, modified="2024-08-23T07:00:00Z")
    eight = Mention(url="https://x.example/post-8/")
    assert feed.read(ATOM.format("x").encode(), URL) == [seven, eight]
    assert feed.read(ATOM.format("<b>x").encode(), URL) == [seven, eight]
    prefixed = ATOM.replace("<", "<a:").replace("<a:/", "</a:").replace("<a:?", "<?").replace("xmlns=", "xmlns:a=")
    assert feed.read(prefixed.format("x").encode(), URL) == [seven, eight]
    assert feed.read(prefixed.format("<b>x").encode(), URL) == [seven, eight]


def test_the_day_of_an_rss_item_is_its_publication() -> None:
    dated = item(7, more="<pubDate>Thu, 22 Aug 2024 06:30:00 +0000</pubDate>")
    changed = item(8, more="<atom:updated>2024-08-23T07:00:00Z</atom:updated>")
    seven, eight = feed.read(rss(dated, changed), URL)
    assert (seven.modified, eight.modified) == (None, "2024-08-23T07:00:00Z")


@pytest.mark.parametrize(
    "title",
    [
        "It&rsquo;s",
        "a&nbsp;b &hellip; &AMP; &unheard-of; &nbsp",
        "R&D & more",
        "1 < 2 <3",
        "&#0; &#x1F; &#8217; &#99999999; &#xD800;",
        "a\x0bb \x00 \x1f",
        "<b>bold",
        "</i>",
        "<a href=x>y</a>",
        "<![CDATA[ & &nbsp; <item></item> </rss> ]]>",
        "<!-- & <item> -->",
        "<x:y/>",
        '<img src="a" src="b"/>',
    ],
)
def test_what_is_wrong_in_one_item_costs_nothing(title: str) -> None:
    assert feed.read(rss(item(1), item(2, title), item(3)), URL) == posts(1, 2, 3)


def test_a_byte_that_is_no_character_costs_nothing() -> None:
    content = rss(item(1, "naïve"), item(2, "@"), item(3)).replace(b"@", b"caf\xe9 \xe2\x80")
    assert feed.read(content, URL) == feed.read(content, URL, "text/xml; charset=iso-8859-1") == posts(1, 2, 3)


def test_an_item_without_its_end_costs_no_other() -> None:
    assert feed.read(rss(item(1), item(2).removesuffix("</item>"), item(3)), URL) == posts(1, 2, 3)
    assert feed.read(rss(item(1), "<item><title>x</title>", item(3)), URL) == [
        posts(1)[0],
        Mention(url=""),
        posts(3)[0],
    ]


def test_an_address_is_read_as_its_bytes_and_not_as_a_header_says() -> None:
    link = "<rss><channel><item><link>https://x.example/naïve?a=1&b=2</link></item></channel></rss>"
    for content in (link.encode(), f'<?xml version="1.0" encoding="iso-8859-1"?>{link}'.encode()):
        (found,) = feed.read(content, URL, "text/xml; charset=iso-8859-1")
        assert found.url.startswith("https://x.example/naïve")


@pytest.mark.parametrize(
    "junk",
    ["\n\n ", "<br />\n<b>Warning</b>: fopen(x) in <b>/a.php</b> on line <b>3</b><br />\n", "<!-- & -->", "Notice"],
)
def test_what_stands_around_a_feed_costs_nothing(junk: str) -> None:
    assert feed.read(junk.encode() + rss(item(1), item(2)), URL) == posts(1, 2)
    assert feed.read(codecs.BOM_UTF8 + rss(item(1), item(2)) + junk.encode(), URL) == posts(1, 2)


def test_a_feed_may_be_empty_and_an_item_may_lack_its_address() -> None:
    assert feed.read(rss(), URL) == []
    assert feed.read(rss("<item/>"), URL) == [Mention(url="")]
    other = "<item><link>https://other.example/a</link><guid>https://other.example/?p=9</guid></item>"
    assert feed.read(rss(other), URL) == [Mention(url="https://other.example/a")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        b"<html><body>Just a moment &nbsp;</body></html>",
        b"<!DOCTYPE html><html><head><link></head><pre><rss><item></item></rss></pre></html>",
        b"<urlset/>",
        b"<feed><entry></entry></feed>",
        b"<feed><entry><b></entry></feed>",
        b"<a:feed><entry></a:feed>",
        rss(item(1), item(2))[:-1],
        rss(item(1), item(2))[: -len(END)],
        rss(item(1, "&nbsp;"), item(2))[:-40],
    ],
)
def test_what_is_no_feed_or_half_of_one_is_not_the_page(content: bytes) -> None:
    with pytest.raises(NotThePage):
        feed.read(content, URL)


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp1252"])
def test_a_feed_with_entities_of_its_own_is_refused_in_any_encoding(codec: str) -> None:
    bomb = '<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><item><link>http://x/&b;</link></item></rss>'
    with pytest.raises(NotThePage, match="declarations of its own"):
        feed.read(bomb.encode(codec), URL)
    assert "aaaa" not in repr(feed.read(b"junk" + bomb.encode(), URL))


@given(
    st.lists(st.sampled_from(["<item>", "</item>", "<link>", "</link>", "&", "<", "<![CDATA[", "]]>", "</rss>", "x"]))
)
def test_any_feed_is_read_or_refused(pieces: list[str]) -> None:
    try:
        found = feed.read(rss(item(1), *pieces), URL)
    except NotThePage:
        return
    assert found[:1] == posts(1)


@pytest.mark.parametrize(
    "piece", ["<!--", "<![CDATA[", "<?xml ", "<rss ", "</rss ", "<item ", " ", "&", "&#", "<", "<a:"]
)
def test_nothing_makes_reading_slow(piece: str) -> None:
    content = rss(item(1), piece * (1_000_000 // len(piece)))
    started = time.process_time()
    for text in (content, piece.encode() * (1_000_000 // len(piece))):
        with contextlib.suppress(NotThePage):
            feed.read(text, URL)
    assert time.process_time() - started < 10
