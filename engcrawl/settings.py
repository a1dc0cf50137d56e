"""Scrapy settings, in the order of Scrapy's project template; each that isn't the default says why.

https://docs.scrapy.org/en/latest/topics/settings.html
"""

import os
import socket
import sys
from pathlib import Path

from scrapy.settings import default_settings
from scrapy.utils.conf import closest_scrapy_cfg

from engcrawl import __version__

# The project's name, and where its spiders are.
BOT_NAME = "engcrawl"
SPIDER_MODULES = ["engcrawl.spiders"]
NEWSPIDER_MODULE = "engcrawl.spiders"

# `scrapy crawl` whose exit status is the verdict: Scrapy's own exits 0 for nearly every failure.
COMMANDS_MODULE = "engcrawl.commands"

# Who crawls, and whom a site's operator can ask: the environment's ENGCRAWL_CONTACT (a mail address or a page), else
# the mailbox that every host has (postmaster, RFC 2142).
USER_AGENT = f"engcrawl/{__version__} (+{os.environ.get('ENGCRAWL_CONTACT') or f'postmaster@{socket.gethostname()}'})"

# Ask only for what the site's robots.txt allows (RFC 9309). Off by default in Scrapy.
ROBOTSTXT_OBEY = True

# One request at a time, a second apart, slower when the site is (AutoThrottle below). More than two requests under
# way would only wait in the queue.
CONCURRENT_REQUESTS = 2
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 1

# Scrapy starts this many tasks for every response (100 by default); a page gives an item at most.
CONCURRENT_ITEMS = 1

# A site whose certificate nobody vouches for may be another. Off by default in Scrapy.
DOWNLOAD_VERIFY_CERTIFICATES = True

# A blog's archive needs no session.
COOKIES_ENABLED = False

# A crawl wants a page in whatever language the site has it, so it asks for none. Scrapy asks for English.
DEFAULT_REQUEST_HEADERS = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

DOWNLOAD_HANDLERS = {
    # Scrapy's own, and a browser where a request asks for one.
    "http": "engcrawl.http.browser.on_demand.BrowserOnDemand",
    "https": "engcrawl.http.browser.on_demand.BrowserOnDemand",
    # Off, as the next three: a blog is none of these, and Scrapy would read the crawler's own files for it.
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}

# Scrapy's own, but a site's name can't lead to the crawler's machine or its network.
TWISTED_DNS_RESOLVER = "engcrawl.http.addresses.SiteResolver"

DOWNLOADER_MIDDLEWARES = {
    # Off: it lets retried requests and their redirects off the site, and drops others unreported.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "engcrawl.http.own_hosts.OwnHosts": 50,
    # Takes a robots.txt that fails as leave to crawl, and leaves Crawl-delay alone.
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "engcrawl.http.robots.RobotsTxt": 100,
    # Nearest to the downloader: an answer that asks to wait, or an address that is refused, is no failure, and isn't
    # counted or retried as one.
    "engcrawl.http.retry_after.RetryAfter": 950,
    "engcrawl.http.addresses.PublicSite": 960,
    # Off: a challenge page may refresh itself for ever; blogs redirect by status.
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
}

# Scrapy's, without the two (telnet console, remote control) that let code run in the crawl's process. EXTENSIONS
# would switch them off too, but Scrapy loads also what that switches off.
EXTENSIONS_BASE = {
    name: order
    for name, order in default_settings.EXTENSIONS_BASE.items()
    if not name.endswith((".TelnetConsole", ".RemoteControl"))
}

EXTENSIONS = {
    # First: a wrong variable ends the run before it has begun.
    "engcrawl.extensions.alerts.Alerts": -20,
    # Then: what the others use is locked, and the state is open.
    "engcrawl.extensions.run.Running": -10,
    "engcrawl.extensions.metrics.Metrics": 5,
    "engcrawl.extensions.closing.Closing": 15,
    # Replaced by one with which a feed that can't be written ends the run.
    "scrapy.extensions.feedexport.FeedExporter": None,
    "engcrawl.report.feeds.FeedExporter": 20,
}
if sys.stderr.isatty():
    # cron, Scrapyd and pipes have the log alone, and don't even load the display's library.
    EXTENSIONS["engcrawl.extensions.progress.Progress"] = 10

# In this order: each gets what the one before it made of a record.
ITEM_PIPELINES = {
    "engcrawl.pipelines.NormaliseDates": 100,
    "engcrawl.pipelines.Markdown": 200,
    "engcrawl.pipelines.Validate": 300,
    "engcrawl.pipelines.Dedupe": 400,
    # It lets through what is stored, and new or changed.
    "engcrawl.pipelines.Remember": 500,
}

# Longer pauses where the site is slow, up to a minute. Off by default in Scrapy.
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1
AUTOTHROTTLE_MAX_DELAY = 60

# A burst of errors or of challenge pages is often over after two tries.
RETRY_TIMES = 4

# A blog's page that takes longer than this doesn't come; Scrapy would wait for three minutes.
DOWNLOAD_TIMEOUT = 60

# Of one answer, as it comes and unpacked: no blog's page has a tenth of it, and of 16 MiB of tags the parser makes
# 800 MB. Sitemaps have a limit of their own (sitemaps.org). Scrapy takes 1 GiB.
DOWNLOAD_MAXSIZE = 16 * 1024 * 1024
DOWNLOAD_WARNSIZE = 4 * 1024 * 1024

# What comes twice is decided by the spiders, by post and by page: no memory is spent on fingerprints.
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"

# Scrapy's DEBUG logs every record with its body.
LOG_LEVEL = "INFO"

# Letters as they are: Scrapy's default writes them in JSON as escapes (`\u00e9`).
FEED_EXPORT_ENCODING = "utf-8"

# The run's own feed, beside its verdict; `%(output)s` and `%(run)s` are the output folder and the run's name. A file
# gets its name when it is whole.
FEED_URI_PARAMS = "engcrawl.extensions.run.uri_params"
FEED_STORAGES = dict.fromkeys(("", "file"), "engcrawl.report.feeds.AtomicFileFeedStorage")
FEEDS = {"%(output)s/runs/%(run)s.jsonl": {"format": "jsonlines", "overwrite": True, "store_empty": True}}

# Starts the Chromium that is there; scrapy-playwright's own knows only the one that Playwright downloads.
PLAYWRIGHT_BROWSER_PROVIDER = "engcrawl.http.browser.handler.ChromiumProvider"

# engcrawl's own settings: docs/reference/settings.md has these comments

# The folder of the archive; also from the environment. By default `output` beside scrapy.cfg, or where the command is
# run without one. Each blog needs a folder of its own.
ENGCRAWL_OUTPUT = os.environ.get("ENGCRAWL_OUTPUT") or str(Path(closest_scrapy_cfg()).parent / "output")

# The list of many blogs, for `scrapy blogs`; also from the environment. By default `blogs.yaml` beside scrapy.cfg, or
# where the command is run without one.
ENGCRAWL_BLOGS = os.environ.get("ENGCRAWL_BLOGS") or str(Path(closest_scrapy_cfg()).parent / "blogs.yaml")

# The database of what runs know of each other, as an SQLAlchemy URL; also from the environment. By default
# `archive.db`, an SQLite file in the output folder. One PostgreSQL can hold many blogs.
ENGCRAWL_STATE = os.environ.get("ENGCRAWL_STATE") or None

# Where each run puts the blog's files when it is over, under the blog's key: `s3://bucket/prefix`, `gs://…`, `az://…`,
# or `file:///folder`; also from the environment. By default nowhere. Needs the package obstore.
ENGCRAWL_PUBLISH = os.environ.get("ENGCRAWL_PUBLISH") or None

# `yes`: the site's name may lead to an address that isn't public (an intranet's blog); also from the environment.
ENGCRAWL_PRIVATE = os.environ.get("ENGCRAWL_PRIVATE") or "no"

# `text`, or `json`: each line of the log is an object; also from the environment.
ENGCRAWL_LOG = os.environ.get("ENGCRAWL_LOG") or "text"

# A file for Prometheus' node_exporter, whose name ends in `.prom`; also from the environment. By default there is none.
ENGCRAWL_METRICS = os.environ.get("ENGCRAWL_METRICS") or None

# Days after which a run walks every listing page again by itself: listings change behind their first pages too.
ENGCRAWL_FULL_EVERY = 7

# Seconds, in sum, that one request waits at the most because answers to it say `Retry-After`.
ENGCRAWL_RETRY_AFTER_MAX = 3600

# Failures in a row of one cause, with nothing read between, after which a run gives up: a challenge on each page, or a
# dead host, would cost RETRY_TIMES tries of every post. `0`: never.
ENGCRAWL_FAILURES_IN_A_ROW = 10

# Seconds that the browser waits at the most for new posts after a click on "Load More".
ENGCRAWL_CLICK_TIMEOUT = 20

# The process that runs this crawl as one of many blogs' (`scrapy blogs run` gives its ID): the crawl is stopped when
# that ends, and leaves it to `scrapy blogs digest` to tell people.
ENGCRAWL_PARENT = None
