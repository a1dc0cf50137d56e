"""A real browser for the pages that need one. Playwright is imported only when the first of them is asked for."""
