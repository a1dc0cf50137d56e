"""The project's commands for ``scrapy``, and what makes them start sooner: they load a thousand modules."""

import gc
import os

# Before all else: for each deprecated class of its TLS, Scrapy 2.19 searches every module loaded so far, and every
# frame of the stack. Loaded last, as Scrapy would, it costs a twentieth of a crawl's start.
import scrapy.core.downloader.contextfactory  # noqa: F401

# Modules are no garbage: to look for some after every 700 new objects costs a tenth of a crawl's start.
gc.set_threshold(10_000)

# Pydantic searches every package of the environment for plugins of its own, of which engcrawl uses none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
