"""A small Heilongjiang on loopback: portals, lists, report pages and the traps between them.

Owns the sample that `scrapy demo` and the end-to-end tests crawl. Nothing of the harvester is
imported here, so that the pages and the truth beside them cannot share its mistakes.
"""
