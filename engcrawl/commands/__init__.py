"""The project's commands for ``scrapy``."""
