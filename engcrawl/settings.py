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

# engcrawl's `scrapy crawl` has the verdict as its exit status; Scrapy's own exits 0 for nearly every failure.
COMMANDS_MODULE = "engcrawl.commands"

# Tells the site's operator who crawls, and whom to ask: the mail address or page that ENGCRAWL_CONTACT names in the
# environment, otherwise postmaster at this machine (RFC 2142).
USER_AGENT = f"engcrawl/{__version__} (+{os.environ.get('ENGCRAWL_CONTACT') or f'postmaster@{socket.gethostname()}'})"

# Request only what the site's robots.txt allows (RFC 9309). Off by default in Scrapy.
ROBOTSTXT_OBEY = True

# One request at a time, with a pause of a second, or longer if the site is slow (AutoThrottle below). A second request
# may wait in the queue, so that it is ready; more would not make the crawl faster.
CONCURRENT_REQUESTS = 2
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 1

# Scrapy starts this many tasks for every response (100 by default); a page gives at most one item.
CONCURRENT_ITEMS = 1

# Refuse invalid certificates: the site could be an impostor. Off by default in Scrapy.
DOWNLOAD_VERIFY_CERTIFICATES = True

# A blog's archive needs no session.
COOKIES_ENABLED = False

# Scrapy asks for English pages. An archive needs each page in its own language, so no language is asked for.
DEFAULT_REQUEST_HEADERS = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

DOWNLOAD_HANDLERS = {
    # Scrapy's own handler, and a browser for requests that ask for one.
    "http": "engcrawl.http.browser.on_demand.BrowserOnDemand",
    "https": "engcrawl.http.browser.on_demand.BrowserOnDemand",
    # Off, like the next three: no blog has such an address, and with `file` Scrapy would read this machine's files.
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}

# Scrapy's own resolver, but it refuses names of a site that lead to the crawler's machine or its private network.
TWISTED_DNS_RESOLVER = "engcrawl.http.addresses.SiteResolver"

DOWNLOADER_MIDDLEWARES = {
    # Off: it lets retried requests and their redirects leave the site, and drops others without a report.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "engcrawl.http.own_hosts.OwnHosts": 50,
    # Off: if robots.txt can't be fetched, it crawls anyway, and it ignores Crawl-delay.
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "engcrawl.http.robots.RobotsTxt": 100,
    # Nearest to the downloader, so that an answer that asks to wait, or a refused address, isn't counted or retried as
    # a failure.
    "engcrawl.http.retry_after.RetryAfter": 950,
    "engcrawl.http.addresses.PublicSite": 960,
    # Off: a challenge page may refresh itself endlessly, and blogs redirect by HTTP status.
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
}

# Scrapy's own, without the two (telnet console, remote control) through which others could run code in the crawl's
# process. Setting them to None in EXTENSIONS would switch them off, but still load them.
EXTENSIONS_BASE = {
    name: order
    for name, order in default_settings.EXTENSIONS_BASE.items()
    if not name.endswith((".TelnetConsole", ".RemoteControl"))
}

EXTENSIONS = {
    # First, so that a wrong variable ends the run before it has begun.
    "engcrawl.extensions.alerts.Alerts": -20,
    # Second, because the others need the open state, and the output locked.
    "engcrawl.extensions.run.Running": -10,
    "engcrawl.extensions.metrics.Metrics": 5,
    "engcrawl.extensions.closing.Closing": 15,
    # Replaced by engcrawl's own, which ends the run if a feed can't be written.
    "scrapy.extensions.feedexport.FeedExporter": None,
    "engcrawl.report.feeds.FeedExporter": 20,
    # Last, when the run is stored and its locks are released.
    "engcrawl.extensions.report.Report": 30,
}
if sys.stderr.isatty():
    # Only on a terminal, where the log goes to `runs/RUN.log` unless LOG_FILE or LOG_ENABLED is set: cron, Scrapyd and
    # pipes have just the log, and don't load the display's library.
    EXTENSIONS["engcrawl.extensions.progress.Display"] = 10

# They run in this order; each gets the record from the one before.
ITEM_PIPELINES = {
    "engcrawl.pipelines.NormaliseDates": 100,
    "engcrawl.pipelines.Markdown": 200,
    "engcrawl.pipelines.Validate": 300,
    "engcrawl.pipelines.Dedupe": 400,
    # Stores the record, and passes it on only if it is new or changed.
    "engcrawl.pipelines.Remember": 500,
}

# Longer pauses if the site is slow, up to a minute. Off by default in Scrapy.
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1
AUTOTHROTTLE_MAX_DELAY = 60

# A short series of errors or challenge pages often lasts longer than Scrapy's two retries.
RETRY_TIMES = 4

# A page that takes longer than this hardly ever comes; Scrapy would wait for three minutes.
DOWNLOAD_TIMEOUT = 60

# The largest answer, compressed or uncompressed. No blog's page has a tenth of that, and for 16 MiB of tags the parser
# needs 800 MB of memory. Sitemaps have a limit of their own (sitemaps.org). Scrapy's default is 1 GiB.
DOWNLOAD_MAXSIZE = 16 * 1024 * 1024
DOWNLOAD_WARNSIZE = 4 * 1024 * 1024

# The spiders decide themselves which pages to request again, so no memory is needed for requests' fingerprints.
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"

# At Scrapy's default, DEBUG, the log would contain every record with its body.
LOG_LEVEL = "INFO"

# Write letters like é as they are; Scrapy's default writes them as escapes (`\u00e9`).
FEED_EXPORT_ENCODING = "utf-8"

# The run's own feed, beside its verdict; `%(output)s` is the output folder, `%(run)s` the run's name. The file's name
# ends in `.part` until it is whole.
FEED_URI_PARAMS = "engcrawl.extensions.run.uri_params"
FEED_STORAGES = dict.fromkeys(("", "file"), "engcrawl.report.feeds.AtomicFileFeedStorage")
FEEDS = {"%(output)s/runs/%(run)s.jsonl": {"format": "jsonlines", "overwrite": True, "store_empty": True}}

# Starts the Chromium of the system too; scrapy-playwright's own starts only the one that Playwright downloads.
PLAYWRIGHT_BROWSER_PROVIDER = "engcrawl.http.browser.handler.ChromiumProvider"

# engcrawl's own settings: docs/reference/settings.md has these comments

# The archive's folder; can also be set in the environment. By default `output` beside scrapy.cfg, or in the current
# folder if there is no scrapy.cfg. Each blog needs a folder of its own.
ENGCRAWL_OUTPUT = os.environ.get("ENGCRAWL_OUTPUT") or str(Path(closest_scrapy_cfg()).parent / "output")

# The list of many blogs, for `scrapy blogs`; can also be set in the environment. By default `blogs.yaml` beside
# scrapy.cfg, or in the current folder if there is no scrapy.cfg.
ENGCRAWL_BLOGS = os.environ.get("ENGCRAWL_BLOGS") or str(Path(closest_scrapy_cfg()).parent / "blogs.yaml")

# The state's database, as an SQLAlchemy URL; can also be set in the environment. By default `archive.db`, an SQLite
# file in the output folder. One PostgreSQL database can hold many blogs.
ENGCRAWL_STATE = os.environ.get("ENGCRAWL_STATE") or None

# The bucket or shared folder to which each run copies the blog's files at its end, into a folder named by the blog's
# key: `s3://bucket/prefix`, `gs://…`, `az://…` or `file:///folder`; can also be set in the environment. By default runs
# copy nothing. Needs the package obstore.
ENGCRAWL_PUBLISH = os.environ.get("ENGCRAWL_PUBLISH") or None

# `yes` allows a site on a private address, such as a blog in an intranet; can also be set in the environment.
ENGCRAWL_PRIVATE = os.environ.get("ENGCRAWL_PRIVATE") or "no"

# The log's form: `text`, or `json` for one JSON object on each line; can also be set in the environment.
ENGCRAWL_LOG = os.environ.get("ENGCRAWL_LOG") or "text"

# A file with metrics for Prometheus' node_exporter; its name must end in `.prom`; can also be set in the environment.
# By default there is none.
ENGCRAWL_METRICS = os.environ.get("ENGCRAWL_METRICS") or None

# `no` keeps a run from writing `report.html` when there is news for it; can also be set in the environment. Jobs of
# `scrapy blogs run` and workers never write it.
ENGCRAWL_REPORT = os.environ.get("ENGCRAWL_REPORT") or "yes"

# The number of days after which a run begins a sweep. Sweeps are needed because older listing pages change too.
ENGCRAWL_FULL_EVERY = 7

# The older versions of posts that the state keeps: `all`; a number of versions for each post (`20`; `0` means none); or
# the time for which a version is kept after another one replaced it (`365d`).
ENGCRAWL_VERSIONS = "100"

# The longest time in seconds that one request waits in total because the site asks for it (`Retry-After`).
ENGCRAWL_RETRY_AFTER_MAX = 3600

# After how many failures in a row for the same reason a run gives up: trying every post RETRY_TIMES times would be
# useless if the host is down. `0` means never.
ENGCRAWL_FAILURES_IN_A_ROW = 10

# The longest time in seconds that the browser waits for new posts after a click on "Load More".
ENGCRAWL_CLICK_TIMEOUT = 20

# The ID of the process that started this crawl as one of many (`scrapy blogs run` and workers set it). When that
# process ends, the crawl is stopped. The crawl sends no alerts; `scrapy blogs digest` does.
ENGCRAWL_PARENT = None
