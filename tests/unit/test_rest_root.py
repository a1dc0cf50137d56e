"""Addresses of REST, in each form that WordPress gives its root."""

from __future__ import annotations

import pytest

from engcrawl.phases.rest_root import RestRoot


@pytest.mark.parametrize(
    ("root", "address"),
    [
        ("https://example.com/wp-json/", "https://example.com/wp-json/wp/v2/posts?page=2&_fields=id,link"),
        ("https://example.com/wp-json", "https://example.com/wp-json/wp/v2/posts?page=2&_fields=id,link"),
        (
            "https://example.com/b/index.php/wp-json/",
            "https://example.com/b/index.php/wp-json/wp/v2/posts?page=2&_fields=id,link",
        ),
        ("https://example.com/?rest_route=/", "https://example.com/?rest_route=/wp/v2/posts&page=2&_fields=id,link"),
        (
            "https://example.com/index.php?rest_route=%2F",
            "https://example.com/index.php?rest_route=/wp/v2/posts&page=2&_fields=id,link",
        ),
        (
            "https://example.com/wp-json/?lang=de",
            "https://example.com/wp-json/wp/v2/posts?lang=de&page=2&_fields=id,link",
        ),
    ],
)
def test_a_route_and_a_query_are_put_on_each_form_of_the_root(root: str, address: str) -> None:
    assert RestRoot(root).at("/wp/v2/posts", page=2, _fields="id,link") == address
