"""The state, which holds what later runs need to know, blog by blog: SQLite, or any database of SQLAlchemy's."""

from __future__ import annotations

from typing import Self

import sqlalchemy as sa

from engcrawl.errors import UsageError
from engcrawl.state.changes import Changes
from engcrawl.state.database import Database
from engcrawl.state.failures import Failures
from engcrawl.state.figures import Figures
from engcrawl.state.lists import Lists
from engcrawl.state.mentions import Mentions
from engcrawl.state.posts import Posts
from engcrawl.state.runs import Runs
from engcrawl.state.tables import BLOGS, POSTS
from engcrawl.state.versions import Kept, Versions
from engcrawl.state.wants import Wants
from engcrawl.text.urls import blog_key


class State:
    """The state of one blog: what earlier runs stored, and what this one adds. Any method may raise StateError.

    What was written is on disk when `commit` returns.
    """

    def __init__(self, db: Database, site: str, kept: Kept | None = None) -> None:
        blog = blog_key(site)
        self._db = db
        self.name = db.name
        self.blog = blog
        self.site = site
        self.runs = Runs(db, blog)
        self.changes = Changes(db, blog, self.runs)
        self.failures = Failures(db, blog, self.runs)
        mentions = Mentions(db, blog, site, self.runs, self.changes, self.failures)
        self.lists = Lists(db, blog, self.runs, mentions)
        self.wants = Wants(db, blog, self.runs, mentions)
        self.versions = Versions(db, blog, kept)
        self.figures = Figures(db, blog)
        self.posts = Posts(db, blog, self.runs, self.changes, self.failures, mentions, self.versions)
        self.commit, self.close, self.lives = db.commit, db.close, db.lives

    @classmethod
    def open(cls, url: str, site: str, *, alone: bool = False, kept: Kept | None = None) -> Self:
        """Open the state for a run of the blog at *site*: it is locked for that, made where it isn't there yet.

        *alone*: the database may hold no other blog. *kept*: which older versions of posts stay (all).
        Raises StateError, LockedError, and UsageError for another blog.
        """
        state = cls(Database(url, blog_key(site)), site, kept)
        try:
            state._register(site, alone=alone)
        except BaseException:
            state.close()
            raise
        return state

    @classmethod
    def read(cls, url: str, blog: str | None) -> Self:
        """Open the state to be read: that of *blog* (a key), or the only one. Raises StateError and UsageError."""
        db = Database(url)
        sites = {row.blog: row.site for row in db.all(sa.select(BLOGS).order_by(BLOGS.c.blog))}
        if blog is None and len(sites) == 1:
            (blog,) = sites
        if blog not in sites:
            db.close()
            asked = f"option --blog={blog}: must be" if blog else f"{db.name} has several blogs: --blog must be"
            raise UsageError(f"{asked} one of {', '.join(sites)}" if sites else f"{db.name}: it holds no blog yet")
        return cls(db, sites[blog])

    def _register(self, site: str, *, alone: bool) -> None:
        sites = {row.blog: row.site for row in self._db.all(sa.select(BLOGS))}
        others = sites.keys() - {self.blog} if alone else set()
        if others and self._db.scalar(sa.select(POSTS.c.id).where(POSTS.c.blog.in_(others)).limit(1)) is not None:
            raise UsageError(
                f"argument site={site}: {self.name} is the archive of {sites[min(others)]}; each site needs an"
                " ENGCRAWL_OUTPUT (and ENGCRAWL_STATE) of its own"
            )
        self._db.execute(BLOGS.delete().where(BLOGS.c.blog.in_(others)))  # no run of theirs stored anything
        if self.blog in sites:
            self._db.execute(BLOGS.update().where(BLOGS.c.blog == self.blog).values(site=site))
        else:
            self._db.execute(BLOGS.insert().values(blog=self.blog, site=site))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
