"""engcrawl's own signals, sent and caught as Scrapy's are; extensions watch the crawl through them.

``category_changed(category)``
    A `engcrawl.walks.Category` was found, a page of it was walked, or its walk ended.
``posts_listed(count)``
    A listing page named *count* posts that no page of this run had named before.
``posts_waiting(count)``
    *count* posts will be looked at now: new ones, those that listings say something new of, those that are due.
``post_taken(post_id)``
    A post's turn has come; a ``post_done``, or a drop, follows.
``post_done(outcome)``
    What became of it: ``new``, ``updated``, ``unchanged``, ``gone``, ``unlisted`` or ``lost`` (its page could not be
    had).
``unlisted(url, reason, post_id)``
    A post of the archive that no listing names any more, and what its own address answers.
``source_asked(source, status)``
    A source of `engcrawl.inventory` was asked for the posts that it names; how much of it could be read.
``problem(url, reason, post_id)``
    Something that should be in the archive could not be had, or not whole: a page, or a post's record.
    *post_id* is None for a listing page.
``state_failed(error)``
    The state can't be read or written (`engcrawl.errors.StateError`): the run can't go on.
``verdict_given(verdict)``
    The run is over and all its files are written; this is its verdict, as ``RUN.json`` has it. The state is still open.
"""

category_changed = object()
posts_listed = object()
posts_waiting = object()
post_taken = object()
post_done = object()
unlisted = object()
source_asked = object()
problem = object()
state_failed = object()
verdict_given = object()
