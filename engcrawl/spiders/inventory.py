"""What posts there are, by the site's own lists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from engcrawl.arguments import InventoryArguments
from engcrawl.inventory import Source, Status
from engcrawl.report.proof import prove
from engcrawl.schedule import AT_ONCE
from engcrawl.spiders.sources import SourcesSpider


class InventorySpider(SourcesSpider):
    """Asks REST, sitemaps and feeds which posts there are, and counts the archive against them; fetches no post.

    What the archive lacks the next run of `engcrawl.spiders.archive.ArchiveSpider` fetches. The argument is described
    in `engcrawl.arguments.InventoryArguments`.
    """

    name = "inventory"
    arguments_class = InventoryArguments

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name)
        self.arguments = InventoryArguments.parse(kwargs)
        self.site = self.arguments.site

    async def start(self) -> AsyncIterator[Any]:
        """One source after the other."""
        async for request in self._ask_all():
            yield request

    def _close(self, source: Source, status: Status, detail: str = "", *rest: Any, **more: Any) -> None:
        super()._close(source, status, detail, *rest, **more)
        if self._vanished:  # what became of those posts the next archive run is to find out
            self.memory.walk_fully_next()

    def prove(self) -> dict[str, Any]:
        """What is proven of the archive, for the verdict; ``waiting`` are posts whose records aren't up to date."""
        return prove(self.memory) | {"waiting": self.memory.waiting(AT_ONCE, articles=True)}
