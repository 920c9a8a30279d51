"""Turns bytes into records: readers, forms, chapters, identity, checks.

No network, no SQL, no clock. Everything but the thin Scrapy adapter runs without Scrapy.
Imports nothing of ours but `crawler.items`.
"""
