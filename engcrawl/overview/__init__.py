"""The report: what the state knows of a blog, or of many, as a page that people read."""
