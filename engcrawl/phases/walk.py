"""Walking listings: each category from its first page to its last, or until it is past everything new."""

from __future__ import annotations

import logging
from contextlib import aclosing

from engcrawl.http.fetch import Fetch, Unavailable
from engcrawl.items import Answer, Mention
from engcrawl.pages import terms
from engcrawl.pages.listing import ListingPage
from engcrawl.phases.category import BrokenWalkError, Category, End, NotTheCategoryError, Pagination, Way
from engcrawl.phases.front import Front
from engcrawl.phases.known import KnownListing
from engcrawl.phases.links import Links
from engcrawl.phases.names import UNCATEGORIZED, Names
from engcrawl.phases.plan import Plan
from engcrawl.report.runlog import RunLog
from engcrawl.state import State
from engcrawl.state.categories import KnownCategory, sign_of

logger = logging.getLogger(__name__)


class Walk:
    """Walks the archives of categories, by the site's own links or in a browser; the state keeps what they name.

    Categories are told to it by `note`: a run of `start` finds the first ones, `run` walks all that aren't walked yet.
    """

    def __init__(self, fetch: Fetch, state: State, log: RunLog, plan: Plan, front: Front) -> None:
        self._fetch = fetch
        self._state = state
        self._log = log
        self._plan = plan
        self._arguments = plan.arguments
        self._names = Names(front, state, log)
        self._numbered: set[str] = set()
        """Categories of which only the number is known, that were taken up."""
        self._misplaced: dict[str, tuple[str, str]] = {}
        """Categories that aren't at the address made for them: slug -> that address, and what is there."""
        self._ready: list[Category] = []
        """Categories that are walked next, side by side."""
        self._waiting: dict[str, str | None] = {}
        """Categories that are walked alone, when all else is done: slug -> address, None without one."""
        self._ways: dict[Pagination, Way] = {"links": Links(fetch)}

    @property
    def pending(self) -> bool:
        """Return whether categories were found that aren't walked yet."""
        return bool(self._ready or self._waiting)

    @property
    def whole(self) -> bool:
        """Return whether all categories were walked to their end since the sweep began, if they are walked at all."""
        if not self._plan.of_posts:
            return True
        known = self._state.lists.categories.all()
        here = all(category.whole for category in self._log.categories.values()) and not self._not_found()
        return bool(known) and here and all((one.walked or 0) >= self._plan.sweep for one in known)

    def _not_found(self) -> list[Category]:
        """Return the categories that posts are filed in, and that aren't at the addresses made for them."""
        categories = map(self._log.categories.get, self._misplaced)
        return [category for category in categories if category and category.end == "no such category"]

    @property
    def fully(self) -> bool:
        """Return whether the whole archive was walked since the sweep began, and nothing went wrong in this run."""
        return not self._arguments.filtered and not self._log.problems and self.whole

    def record(self) -> None:
        """Record how much of the listings could be read; a category that posts are filed in may not have been found."""
        for category in self._not_found():
            self._broken(category, *self._misplaced[category.slug])
        self._names.note_numbers()
        if self._log.categories:
            self._state.lists.answered("listings", Answer(status="whole" if self.whole else "part"), whole=False)

    async def start(self) -> None:
        """Find the categories: those asked for, or those that the front page and earlier runs know."""
        if self._plan.vouched or not self._plan.of_posts:
            return
        if not self._arguments.categories:
            self._waiting = {UNCATEGORIZED: None} | {known.slug: known.url for known in self._names.known.values()}
            try:
                self.note(await self._names.on_front())
            except Unavailable as error:
                self._log.problem(error.url, error.reason)
                self._waiting.clear()  # a site without a front page gets no guesses
            return
        for slug in self._arguments.categories:
            self._add(slug, self._names.known[slug].url if slug in self._names.known else None)

    async def run(self) -> None:
        """Walk every category that is known and not walked yet, also those found on the way."""
        while self.pending and not self._fetch.hopeless:
            while self._ready:
                ready, self._ready = self._ready, []
                async for _ in self._fetch.pooled(ready, self._walk):
                    pass
                await self._find_asked_for()
            if self._waiting:
                slug = next(iter(self._waiting))
                url = self._waiting.pop(slug)
                if url or slug not in map(terms.as_class, self._log.categories):  # else a class' form of one walked
                    await self._walk(self._category(slug, url))
        if self.pending:
            self._leave()

    def _leave(self) -> None:
        """Leave the categories that aren't walked yet to the next run."""
        left = self._waiting.keys() | {category.slug for category in self._ready}
        self._waiting, self._ready = {}, []
        for category in [c for c in self._log.categories.values() if c.slug in left and c.by_links]:
            category.troubles, category.by_links = category.by_links, []  # the browser was to walk it anew
            self._end(category, "broken")
        self._log.give_up(f"stopped after {self._fetch.hopeless}; {len(left)} categories weren't walked")

    def note(self, named: dict[str, str | None]) -> None:
        """Take the categories that a page names: slug -> address of its archive, None where only a class names it.

        Those that only a class names wait for a link; in the browser, where each needs a page of its own, all wait.
        """
        if not self._plan.of_posts:
            return
        wanted = self._arguments.categories
        self._names.learn(named)
        for slug, url in self._names.take(named).items():
            category = self._log.categories.get(slug)
            if category and not (category.end == "no such category" and url not in (None, category.url) and not wanted):
                continue
            left_out = (wanted and slug not in wanted) or (self._plan.vouched and slug in self._names.known)
            if left_out or slug in self._numbered:
                continue
            if slug.startswith("?"):
                self._numbered.add(slug)
            if url is None and not wanted:
                self._waiting.setdefault(slug, None)
            else:
                self._add(slug, url)

    def _add(self, slug: str, url: str | None) -> None:
        if self._arguments.pagination == "browser":
            self._waiting[slug] = url
        else:
            self._waiting.pop(slug, None)
            self._ready.append(self._category(slug, url))

    def _category(self, slug: str, url: str | None) -> Category:
        """Return the category to walk; without an address that the site links to, it is made from its slug."""
        category = self._log.categories.get(slug)
        if category is None or category.end == "no such category":
            pagination: Pagination = "browser" if self._arguments.pagination == "browser" else "links"
            made = self._names.made(slug, self._log.categories.values())
            linked, known = self._names.linked(slug), self._known_listing(slug)
            category = Category(slug, url or made, linked=linked, pagination=pagination, known=known)
        if not category.numbered:  # else it may be one that is known by its slug
            self._log.category(category)
        return category

    def _known_listing(self, slug: str) -> KnownListing | None:
        """Return a category's listing as the sweep has it already; None where it hasn't."""
        known = self._names.known.get(slug)
        if self._arguments.full or known is None or (known.walked or 0) < self._plan.sweep:
            return None
        return KnownListing(self._state.lists.categories.listing(slug), known.pages)

    def _way(self, category: Category) -> Way:
        """Return how *category* is walked; Playwright is imported for the first that needs a browser."""
        if category.pagination not in self._ways:
            from engcrawl.phases.clicks import Clicks

            self._ways["browser"] = Clicks(self._fetch)
        return self._ways[category.pagination]

    async def _walk(self, category: Category) -> None:
        """Walk one category; what its pages name is in the state then."""
        if self._fetch.hopeless:
            self._waiting[category.slug] = category.url
            return
        numbered = category.numbered
        try:
            async with aclosing(self._way(category).pages(category)) as pages:
                async for page in pages:
                    if numbered and not self._named_anew(category):
                        return
                    numbered = False
                    if end := self._take(category, page):
                        self._end(category, end)
                        return
            self._fetch.stop_if_closing()
        except Unavailable as error:
            if error.absent and not category.walked and self._absent(category, error.url, error.reason):
                return
            self._broken(category, error.url, error.reason)
        except BrokenWalkError as error:
            url, why = error.url or category.url, str(error)
            if not (isinstance(error, NotTheCategoryError) and self._absent(category, url, why)):
                self._broken(category, url, why)
        else:
            self._end(category, "last page")

    def _named_anew(self, category: Category) -> bool:
        """Take the slug that a category turned out to have; return whether it is to be walked under that name."""
        self._names.is_at(category.url, category.slug)
        there = self._log.categories.get(category.slug)
        if there is not None and there.end != "no such category":
            return False
        self._waiting.pop(category.slug, None)
        category.known = self._known_listing(category.slug)
        return True

    def _take(self, category: Category, page: ListingPage) -> End | None:
        """Take a page's posts and categories; return why the walk ends here, where it does."""
        mentions = [Mention(url=post.url, post=post.id, facts=post) for post in page.posts]
        past_new = category.known is not None and category.known.past_new([*map(sign_of, mentions)], page.pages)
        if not (past_new or category.opened):
            category.opened = True
            self._state.lists.categories.open(category.slug)
        self._log.listed += self._state.lists.categories.put_page(category.slug, max(category.walked), mentions)
        if lost := sum(not (post.id or post.url) for post in page.posts):
            self._log.problem(page.url, f"{lost} posts without an ID or an address")
        if page.flaw:
            category.flawed = True
            self._log.problem(page.url, page.flaw)
        self._log.category(category)
        self.note(page.categories)
        last = category.pages is not None and len(category.walked) >= category.pages
        most = self._arguments.max_pages
        if past_new:
            return "known"
        if not last and self._plan.past(page.posts):
            return "since"
        return "max_pages" if not last and most and len(category.walked) >= most else None

    def _absent(self, category: Category, url: str, why: str) -> bool:
        """Return whether there may be no such category: its address was only made, or it was asked for by a wrong name.

        One that posts are filed in is somewhere: a link, or REST, may still say where.
        """
        if category.linked:
            return False
        if not self._arguments.categories:
            if category.slug != UNCATEGORIZED and category.slug in self._names:
                self._misplaced[category.slug] = url, why
            elif had := len(self._state.lists.categories.listing(category.slug)):
                self._log.note(url, f"category {category.slug}, which listed {had} posts, isn't there any more: {why}")
            self._state.lists.categories.forget(category.slug)
        self._end(category, "no such category")
        return True

    async def _find_asked_for(self) -> None:
        """Look on the front page for categories asked for that aren't at the address made from their slugs.

        Raises UsageError where the site doesn't have one.
        """
        wanted = self._arguments.categories or ()
        if not (lost := [c for c in self._log.categories.values() if c.end == "no such category" and c.slug in wanted]):
            return
        try:
            named = await self._names.on_front()
        except Unavailable as error:
            self._log.problem(error.url, error.reason)
            return
        self._names.take(named)
        for slug, url in self._names.found(lost, wanted, self._log.categories.values()).items():
            self._add(slug, url)

    def _broken(self, category: Category, url: str, why: str) -> None:
        category.troubles.append((url, why))
        self._end(category, "broken")

    def _end(self, category: Category, end: End) -> None:
        """End a category's walk; one by links that had troubles goes on in the browser, from page 1, if it may."""
        category.end = end
        category.flawed = category.flawed or bool(category.troubles)
        may = self._arguments.pagination == "auto" and category.pagination == "links" and not self._fetch.hopeless
        if category.troubles and category.walked and may:
            why = "; ".join(f"{why}: {url}" for url, why in category.troubles)
            logger.info("Category %s is walked again in the browser, from its first page: %s", category.slug, why)
            category.pagination, category.detour, category.end = "browser", why, None
            category.by_links, category.troubles = category.troubles, []
            self._waiting[category.slug] = category.url
        elif category.troubles:
            for url, why in (*category.troubles, *category.by_links):
                self._log.problem(url, why)
        self._keep(category)
        self._log.category(category)

    def _keep(self, category: Category) -> None:
        """Keep the listing of a category that was walked to its end, or until nothing was new, for the next run."""
        if category.flawed or not (category.ended or category.end == "known"):
            return
        walked, vanished = self._state.runs.number, None
        if category.known and category.end == "known":
            walked, vanished = self._names.known[category.slug].walked or 0, category.known.vanished
        listing = KnownCategory(category.slug, category.url, category.stated, walked)
        self._state.lists.categories.close(listing, vanished)
