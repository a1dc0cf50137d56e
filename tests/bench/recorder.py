"""An extension that writes the address of every answer to the file in the setting ``RECORD``."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Response


class Recorder:
    """Records the addresses of answers."""

    def __init__(self, crawler: Crawler) -> None:
        self.file = Path(crawler.settings["RECORD"]).open("w")  # noqa: SIM115 - open as long as the crawl goes
        crawler.signals.connect(self.response_received, signals.response_received)
        crawler.signals.connect(self.engine_stopped, signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def response_received(self, response: Response) -> None:
        self.file.write(f"{response.url}\n")

    def engine_stopped(self) -> None:
        self.file.close()
