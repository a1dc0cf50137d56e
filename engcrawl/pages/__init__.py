"""Pure parsing: a `parsel.Selector` in, plain values and items out; one module per kind of page.

Nothing here fetches, logs, or knows the engine or a setting. A page that isn't what it was asked for
(a challenge, a login form, half a page) raises `NotThePage` with the reason.
"""

from engcrawl.pages.page import AnotherKindError, NotThePage

__all__ = ["AnotherKindError", "NotThePage"]
