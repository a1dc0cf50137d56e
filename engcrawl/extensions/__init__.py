"""Extensions: they watch the crawl's signals, and change neither items nor requests."""
