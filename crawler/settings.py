"""Every Scrapy setting that differs from the default, with its reason.

The project's own settings (DATABASE, ARCHIVE, EXTRACT_JOBS, OCR, CONTACT, ALLOW_PRIVATE_HOSTS,
RECRAWL, CONTINUE_HOURS) come from `-s NAME=value` or from the environment as NIANBAO_NAME.
"""

import os
from importlib.metadata import PackageNotFoundError, version

try:
    _VERSION = version("nianbao")
except PackageNotFoundError:
    # A checkout that was not installed has no metadata.
    _VERSION = "0"

BOT_NAME = "nianbao"
SPIDER_MODULES = ["crawler.spiders"]
# Scrapy's own imports every spider, and all that reads pages, at the start of every command.
SPIDER_LOADER_CLASS = "crawler.spider_loader.LazySpiderLoader"
COMMANDS_MODULE = "crawler.commands"

# The project's own settings.
DATABASE = os.environ.get("NIANBAO_DATABASE", "data/nianbao.db")
ARCHIVE = os.environ.get("NIANBAO_ARCHIVE", "data/archive.db")
EXTRACT_JOBS = os.environ.get("NIANBAO_EXTRACT_JOBS") or os.cpu_count() or 1
OCR = os.environ.get("NIANBAO_OCR", "true")
CONTACT = os.environ.get("NIANBAO_CONTACT", "")
ALLOW_PRIVATE_HOSTS = os.environ.get("NIANBAO_ALLOW_PRIVATE_HOSTS", "false")
# Which articles and files a further run asks for: `all` of them, on condition that they changed, or
# only those that are `due` by storage/schedule.toml. Who starts a run by hand wants to know what is
# there now; what runs every night sets `due`.
RECRAWL = os.environ.get("NIANBAO_RECRAWL", "all")
# A run that was killed or stopped is gone on with for so long; later its lists are too old.
CONTINUE_HOURS = os.environ.get("NIANBAO_CONTINUE_HOURS", "48")
# Corrections by readers; this file need not be there. See storage/overrides.py for its shape.
OVERRIDES = os.environ.get("NIANBAO_OVERRIDES", "data/overrides.toml")
# What is stored of a document holds as long as the program that reads it is the same.
EXTRACTOR_VERSION = "pipelines.extract.extractor_version"
# What is made of a reading in the process that read it: the one that crawls only writes it down.
FINISH_READING = "storage.kept.readied"

# Who asks: the project's address, so that a webmaster can find out and complain. The scope
# middleware adds CONTACT, which may be given with -s after this file was read.
USER_AGENT = f"nianbao/{_VERSION} (+https://github.com/nianbao/nianbao)"
# The product name alone decides which rules of a robots.txt apply.
ROBOTSTXT_USER_AGENT = "nianbao"
ROBOTSTXT_OBEY = True

# One request at a time and two seconds between them: county portals are small machines, and a
# burst was seen to be answered with wrong pages and status 200.
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 2.0
# The default of 0.5 would undercut the delay by half every other time.
DOWNLOAD_DELAY_JITTER = 0.0
# Counts a delay from the end of a request, not from its sending.
DOWNLOADER = "crawler.throttle.PoliteDownloader"
# Slower where the server is slow; the extension below never goes under a portal's own delay.
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 0.0
AUTOTHROTTLE_MAX_DELAY = 30.0
EXTENSIONS = {
    "scrapy.extensions.throttle.AutoThrottle": None,
    "crawler.throttle.PoliteThrottle": 0,
    # Counts pages and items; how far the portals are says the one below.
    "scrapy.extensions.logstats.LogStats": None,
    "crawler.progress.Progress": 0,
    # Listens on a port: nothing here needs it.
    "scrapy.extensions.telnet.TelnetConsole": None,
    # Lets other processes give commands: nothing here needs it.
    "scrapy.extensions.remote_control.RemoteControl": None,
}
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# Many hosts at a time, each alone: a hundred and forty portals at one request in two seconds.
CONCURRENT_REQUESTS = 64
# A page that takes longer does not come; documents get six times as long (see the spider).
DOWNLOAD_TIMEOUT = 40
# Three tries in all; portals fail for moments, and a fourth try never helped.
RETRY_TIMES = 2
# The default list and what Chinese gateways answer while they are overloaded.
RETRY_HTTP_CODES = [500, 502, 503, 504, 520, 522, 524, 408, 429]
# Seconds for which a host is left alone because it says so (Retry-After): more would stop a run for an hour.
LONGEST_RETRY_AFTER = 120
# Refusals by one host, one after another, after which it is left alone for the rest of the run.
REFUSALS_IN_A_ROW = 20
# Every failure that is given up becomes a row of `problems`: no need to say it twice.
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"
# The largest scan seen had 53 MB; the default of a gigabyte would fill the memory.
DOWNLOAD_MAXSIZE = 100 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
# A page cut by the connection is a failure, retried, never a document.
DOWNLOAD_FAIL_ON_DATALOSS = True
# http, https, www and a start page: more hops are a loop.
REDIRECT_MAX_TIMES = 6
# The spider follows refreshes itself, so that the page that sends on is archived and counted.
METAREFRESH_ENABLED = False
# Firewalls of portals hand out a cookie and want it back.
COOKIES_ENABLED = True
# Addresses with long tokens occur; anything beyond is reported by the spider, never dropped unseen.
URLLENGTH_LIMIT = 0
# Behind a proxy the address that is connected to cannot be checked. Switch it on knowingly.
HTTPPROXY_ENABLED = False
# The archive keeps every page; a cache would hide new ones.
HTTPCACHE_ENABLED = False

# Old servers offer small Diffie-Hellman keys and old ciphers, which OpenSSL refuses by default.
DOWNLOADER_CLIENT_TLS_CIPHERS = "DEFAULT:!DH:@SECLEVEL=0"
# Certificates of the portals are often out of date or another host's; figures are public, no
# secret is sent, and provenance is kept by hash.
DOWNLOAD_VERIFY_CERTIFICATES = False

# Refuses names that resolve into private networks at the moment of connecting.
TWISTED_DNS_RESOLVER = "crawler.resolver.PublicResolver"
DNS_TIMEOUT = 20

DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "zh-CN,zh;q=0.9",
}
# List APIs refuse requests without the address of the list; nothing private stands in addresses.
REFERRER_POLICY = "unsafe-url"

DOWNLOADER_MIDDLEWARES = {
    # crawler.middlewares.scope does what this one does, with the registry's hosts.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "crawler.middlewares.scope.ScopeMiddleware": 50,
    # Before robots.txt and the queues: what is known needs neither.
    "storage.revisit.RevisitMiddleware": 75,
    # Scrapy's own lets requests through that wait while robots.txt is fetched.
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middlewares.robots.RobotsMiddleware": 100,
    # Scrapy's own drops an answer that cannot be unpacked before the archive sees that it came.
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "crawler.middlewares.unpacking.UnpackingMiddleware": 590,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.middlewares.unpacking.RetryMiddleware": 550,
    # Below the archive, which must see every answer, and below the retries.
    "crawler.middlewares.challenge.ChallengeMiddleware": 540,
    # Scrapy's own asks a third party for a list of domains.
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "crawler.middlewares.cookies.CookiesMiddleware": 700,
    # Sees every answer, also those that the retries take.
    "crawler.middlewares.blocked.BlockedHostsMiddleware": 570,
    "storage.middleware.ArchiveMiddleware": 580,
}
ITEM_PIPELINES = {
    "storage.pipeline.UnchangedPipeline": 200,
    "pipelines.adapter.ReadingPipeline": 300,
    "storage.pipeline.StorePipeline": 800,
}
# Reading a scan takes seconds: few at a time keep the memory small.
CONCURRENT_ITEMS = 8

# Quiet: the spider says what it does; Scrapy's own words come with -L DEBUG.
LOG_LEVEL = "INFO"
LOG_FORMAT = "%(asctime)s %(message)s"
LOG_DATEFORMAT = "%H:%M:%S"
LOG_COLOR = False
# Seconds between two lines of progress; on a terminal one line changes all the time.
LOGSTATS_INTERVAL = 30
STATS_DUMP = False
