"""The categories that pages name: their slugs, and where their archives are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from engcrawl.errors import UsageError
from engcrawl.phases.category import Category, made_address
from engcrawl.phases.front import Front
from engcrawl.report.runlog import RunLog
from engcrawl.state import State
from engcrawl.state.categories import KnownCategory
from engcrawl.text.urls import in_blog

UNCATEGORIZED = "uncategorized"
"""WordPress' own first category: most menus hide it, so it is tried on every site."""


class Names:
    """Knows every category that a page of this run named, and those of earlier runs by their addresses."""

    def __init__(self, front: Front, state: State, log: RunLog) -> None:
        self._front = front
        self._state = state
        self._log = log
        self.known: dict[str, KnownCategory] = {known.slug: known for known in state.lists.categories.all()}
        """The categories of earlier runs, by slug."""
        self._plain = False
        """Whether the front page shows that permalinks are plain."""
        self._named: dict[str, str | None] = {}
        """Slug -> address of the archive, None where only a class named the category."""
        self._slugs: dict[str | None, str] = {one.url: one.slug for one in self.known.values()}

    def __contains__(self, slug: str) -> bool:
        """Return whether a page named the category."""
        return slug in self._named

    def linked(self, slug: str) -> bool:
        """Return whether a page linked to the category."""
        return self._named.get(slug) is not None

    def take(self, named: dict[str, str | None]) -> dict[str, str | None]:
        """Take the categories that a page names; return those of this blog, by their slugs where these are known."""
        site = self._front.site  # a blog in a folder: its neighbours' categories aren't its own
        named = {self._slugs.get(url, slug): url for slug, url in named.items() if not url or in_blog(url, site)}
        self._slugs |= {url: slug for slug, url in named.items() if url and not slug.startswith("?")}
        self._named.update({slug: url or self._named.get(slug) for slug, url in named.items()})
        return named

    def learn(self, named: dict[str, str | None]) -> None:
        """Give categories that were walked as ``?cat=N`` the slugs by which they are *named*, as REST does."""
        for slug, url in named.items():
            number = self._slugs.get(url) or ""
            category, other = self._log.categories.get(number), self._log.categories.get(slug)
            if slug.startswith("?") or not number.startswith("?") or (category and not category.end):
                continue
            if other and other.end != "no such category":
                continue  # the slug is another one's
            self._slugs[url] = slug
            self._state.lists.categories.rename(number, slug)
            if number in self.known:
                self.known[slug] = self.known.pop(number)
            if category:
                del self._log.categories[number]
                category.slug = slug
                self._log.category(category)

    def note_numbers(self) -> None:
        """Note the categories that were walked as ``?cat=N``, where nothing told their slugs."""
        for category in self._log.categories.values():
            if category.slug.startswith("?"):
                self._log.note(
                    category.url, "a category whose slug neither pages nor REST tell: records have its number"
                )

    def is_at(self, url: str, slug: str) -> None:
        """Learn which category's archive is at an address."""
        self._slugs[url] = slug

    async def on_front(self) -> dict[str, str | None]:
        """Return the categories that the front page names. Raises Unavailable."""
        page = await self._front.page()
        self._plain = page.plain
        return page.categories

    def made(self, slug: str, others: Iterable[Category]) -> str:
        """Return the address of a category that no link names: made like those of linked *others*, else WordPress'."""
        linked = (other.url for other in others if other.linked)
        return made_address(slug, self._front.site, linked, plain=self._plain)

    def found(self, lost: list[Category], wanted: Sequence[str], walked: Collection[Category]) -> dict[str, str]:
        """Return where *lost* categories, of those *wanted*, are, as far as pages name them: slug -> address.

        Raises UsageError where one is nowhere, or only where it wasn't.
        """
        plain = {slug: self.made(slug, walked) for slug in self._named} if self._plain else {}
        there = {slug: url or plain.get(slug) for slug, url in self._named.items()}
        found = {one.slug: url for one in lost if (url := there.get(one.slug)) and url != one.url}
        if unknown := [one.slug for one in lost if one.slug not in found]:
            raise UsageError(
                f"argument categories={','.join(wanted)}: unknown category {', '.join(unknown)};"
                f" {self._front.site} has: {', '.join(sorted(slug for slug in there if not slug.startswith('?')))}"
            )
        return found
