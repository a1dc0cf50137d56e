"""Merging what listings say of one post."""

from __future__ import annotations

from engcrawl.items import Post
from engcrawl.sightings import Sightings


def post(number: int = 1, **facts: object) -> Post:
    return Post(**{"id": number, "url": f"https://x.example/{number}/", "title": "t"} | facts)  # type: ignore[arg-type]


def test_a_second_sighting_adds_what_the_first_lacks() -> None:
    seen = Sightings()
    assert seen.add(post(categories=["web"], external=True))
    assert not seen.add(post(categories=["ai"], tags=["x"], published_date="MAY 1, 2020", kind="video", external=True))
    assert list(seen.take()) == [
        post(categories=["ai", "web"], tags=["x"], published_date="MAY 1, 2020", kind="video", external=True)
    ]


def test_posts_come_in_the_order_of_their_first_sighting_and_once() -> None:
    seen = Sightings()
    for number in (3, 1, 2, 3):
        seen.add(post(number))
    taken = seen.take()
    assert next(taken).id == 3
    seen.add(post(3))
    seen.add(post(9))
    assert [p.id for p in taken] == [1, 2, 9]
    assert not seen.waiting()


def test_the_articles_facts_win_but_for_the_day() -> None:
    listed = post(published_date="MAY 1, 2020", categories=["ai", "web"], tags=["x"], excerpt="short")
    listed.take_article(post(title="new", published_date="2020-05-02", categories=["ai"], content_html="<p>"))
    facts = {"published_date": "MAY 1, 2020", "categories": ["ai"], "tags": ["x"], "excerpt": "short"}
    assert listed == post(title="new", content_html="<p>", **facts)
