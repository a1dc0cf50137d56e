"""What posts there are, by the site's own lists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from engcrawl.arguments import InventoryArguments
from engcrawl.proof import prove
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

    def prove(self) -> dict[str, Any]:
        """What is proven of the archive, for the verdict."""
        return prove(self.memory)
