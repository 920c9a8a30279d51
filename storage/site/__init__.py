"""The pages that people browse: Datasette on the database, with words for everything in it.

`descriptions.toml` holds the words, `server.py` puts Datasette together, `report_page.py` prepares
the page of one report, and plugins/, templates/ and static/ are what Datasette itself loads. Reads
only; nothing on a page is loaded from elsewhere.
"""
