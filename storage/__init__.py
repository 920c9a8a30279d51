"""Keeps bytes and records: the only room that knows SQL.

Imports nothing of ours but `crawler.items` and `pipelines.records`.
"""
