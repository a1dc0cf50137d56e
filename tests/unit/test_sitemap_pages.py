"""Sitemaps with faults: every entry is read, or none is believed."""

from __future__ import annotations

import gzip

import pytest

from engcrawl.items import Mention
from engcrawl.pages import NotThePage, sitemap

URL = "https://x.example/post-sitemap.xml"
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urlset(*entries: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {NS}>{"".join(entries)}</urlset>'


def entry(number: int, more: str = "") -> str:
    return f"<url><loc>https://x.example/{number}/</loc><lastmod>2024-08-2{number}</lastmod>{more}</url>"


def posts(*numbers: int) -> list[Mention]:
    return [Mention(url=f"https://x.example/{number}/", modified=f"2024-08-2{number}") for number in numbers]


@pytest.mark.parametrize(
    "more",
    [
        "<x>a&nbsp;b &rsquo; &unheard; R&D 1 < 2</x>",
        "<x>\x0b</x>",
        "<x>naïve</x>",
        "<image:image><image:loc>https://x.example/a.png</image:loc></image:image>",
        "<!-- <url><loc>https://x.example/9/</loc></url> -->",
        "<x><![CDATA[<loc>&nbsp;</loc>]]></x>",
    ],
)
def test_what_is_wrong_beside_an_address_costs_nothing(more: str) -> None:
    for text in (urlset(entry(1), entry(2, more), entry(3)), "\n\n" + urlset(entry(1, more), entry(2), entry(3))):
        assert sitemap.read(text.encode(), URL).entries == posts(1, 2, 3)
        assert sitemap.read(gzip.compress(text.encode()), URL).entries == posts(1, 2, 3)


def test_a_byte_that_is_no_character_costs_nothing() -> None:
    text = urlset(entry(1), entry(2, "<x>@ naïve</x>"), entry(3)).encode().replace(b"@", b"\xe9")
    assert sitemap.read(text, URL, "text/xml; charset=utf-8").entries == posts(1, 2, 3)


def test_an_address_with_a_stray_sign_is_whole() -> None:
    text = urlset("<url><loc>https://x.example/a&b/naïve/</loc></url>")
    for header in ("text/xml", "text/xml; charset=iso-8859-1"):
        assert sitemap.read(text.encode(), URL, header).entries == [Mention(url="https://x.example/a&b/naïve/")]


def test_a_prefix_names_the_sitemaps_own_tags() -> None:
    text = f"<s:urlset {NS.replace('xmlns', 'xmlns:s')}><s:url><s:loc>https://x.example/1/</s:loc></s:url></s:urlset>"
    assert sitemap.read(text.encode(), URL).entries == [Mention(url="https://x.example/1/")]


@pytest.mark.parametrize(
    "broken",
    [
        "<url><loc>https://x.example/2/<loc></url>",
        "<loc>https://x.example/2/</loc>",
        "<url><x><loc>https://x.example/2/</loc></url>",
        "<url><loc>https://x.example/2/</loc><loc>https://x.example/9/</loc></url>",
    ],
)
def test_a_sitemap_of_which_an_entry_is_lost_is_not_the_page(broken: str) -> None:
    with pytest.raises(NotThePage, match="a sitemap with errors: of its"):
        sitemap.read(urlset(entry(1), broken, entry(3)).encode(), URL)


@pytest.mark.parametrize(
    "text", ["", "<html>&nbsp;</html>", urlset(entry(1))[:-3], "</urlset>", f"<!DOCTYPE x [<!ENTITY a 'b'>]>{urlset()}"]
)
def test_what_is_no_sitemap_is_not_the_page(text: str) -> None:
    with pytest.raises(NotThePage):
        sitemap.read(text.encode(), URL)
