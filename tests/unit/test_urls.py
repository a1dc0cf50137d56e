"""Addresses: what is a post's own of one, when two are of one page, and those of its further pages."""

from __future__ import annotations

import pytest

from engcrawl.text.urls import address, part_number, part_url, permalink, without_part


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("?p=123#more-123", "https://blog.example.com/?p=123"),
        ("/a-post/?utm_source=feed&utm_medium=rss", "https://blog.example.com/a-post/"),
        ("https://video.example.net/watch?v=Ab1&fbclid=x", "https://video.example.net/watch?v=Ab1"),
        ("/?lang=de&p=7&ref=home", "https://blog.example.com/?lang=de&p=7"),
        ("/a-post/?REF=x&replytocom=3&share=mail", "https://blog.example.com/a-post/"),
        ("/a-post/?reference=4", "https://blog.example.com/a-post/?reference=4"),
    ],
)
def test_a_permalink_keeps_its_query_but_for_what_follows_the_reader(href: str, url: str) -> None:
    assert permalink(href, "https://blog.example.com/") == url


def test_two_addresses_of_one_page_share_their_query_in_any_order() -> None:
    one = address("http://www.blog.example.com/a%20b?b=%C3%A9&a=1&gclid=x")
    assert one == address("https://blog.example.com/a b/?a=1&b=é")
    assert one != address("https://blog.example.com/a b/?a=2&b=é")
    assert address("https://blog.example.com/?p=1") != address("https://blog.example.com/?p=2")


@pytest.mark.parametrize(
    ("post", "part"),
    [
        ("https://x.example/2024/a-post/", "https://x.example/2024/a-post/2/"),
        ("https://x.example/archives/12", "https://x.example/archives/12/2"),
        ("https://x.example/?p=12", "https://x.example/?p=12&page=2"),
        ("https://x.example/a-post.html", "https://x.example/a-post.html/2"),
    ],
)
def test_a_post_in_parts_has_addresses_in_the_form_of_its_own(post: str, part: str) -> None:
    assert part_url(post, 2) == part
    assert part_number(part, post) == 2
    assert (part_number(post, post), part_number(f"{part}#comments", post)) == (None, None)
    assert address(without_part(part)) == address(post)


def test_a_number_at_the_end_of_another_address_is_no_part() -> None:
    assert part_number("/archives/13/2", "https://x.example/archives/12") is None
    assert part_number("/?p=13&page=2", "https://x.example/?p=12") is None
    assert part_number("/2/", "https://x.example/") is None
