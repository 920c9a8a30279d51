"""Finds and fetches: HTTP and the navigation of portals.

Knows nothing of tables, forms or SQL. What it hands on is defined in `crawler.items`.
Only `crawler.commands` may import from `pipelines` and `storage`.
"""
