"""engcrawl's own signals, sent and caught as Scrapy's are; extensions watch the crawl through them.

``category_changed(category)``
    A `engcrawl.walks.Category` was found, a page of it was walked, or its walk ended.
``posts_listed(count)``
    A listing page named *count* posts that no page of this run had named before.
``problem(url, reason, post_id)``
    Something that should be in the archive could not be had, or not whole: a page, or a post's record.
    *post_id* is None for a listing page.
"""

category_changed = object()
posts_listed = object()
problem = object()
