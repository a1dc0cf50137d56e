"""The ways through a category's pages: by the site's own links, and by clicks in a browser; two pieces, one face.

`clicks` is imported by the first category that needs it: it brings Playwright in.
"""

from engcrawl.walks.category import BrokenWalkError, Category, End, NotTheCategoryError, Pagination, Walk
from engcrawl.walks.known import KnownListing
from engcrawl.walks.links import LinkWalk
from engcrawl.walks.response import html

__all__ = [
    "BrokenWalkError",
    "Category",
    "End",
    "KnownListing",
    "LinkWalk",
    "NotTheCategoryError",
    "Pagination",
    "Walk",
    "html",
]
