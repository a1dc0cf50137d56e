"""Benchmarks: what a crawl costs, against a plain Scrapy spider in the same run."""
