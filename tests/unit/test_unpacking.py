"""Answers that can't be unpacked: what Scrapy raises for them is no error in the code."""

from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from engcrawl.http.engine import UNPACKING_ERRORS


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("body", [b"garbage", b"\x1f\x8b\x08garbage"])
def test_an_answer_that_cannot_be_unpacked_raises_what_is_known(encoding: str, body: bytes) -> None:
    response = Response("http://x.example/", headers={"Content-Encoding": encoding}, body=body)
    with pytest.raises((OSError, *UNPACKING_ERRORS)):
        HttpCompressionMiddleware.from_crawler(get_crawler()).process_response(Request(response.url), response)
