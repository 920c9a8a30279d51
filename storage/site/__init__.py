"""The pages that people browse: Datasette on the database, with words for everything in it.

`server.py` puts Datasette together and `frame.py` holds what all pages share; `language.py` and `words/` are
the two languages, `labels.py` the names of what stands in the database, `charts.py` what is drawn. Each page
is prepared by a module of its own (`home.py`, `division.py`, `agency.py`, `report_page.py` …) that takes a
query and gives plain mappings; plugins/, templates/ and static/ are what Datasette itself loads. Reads
only; nothing on a page is loaded from elsewhere.
"""

DATABASE = "nianbao"
"""What the database is called on the site whatever its file is, so that addresses and templates stay."""
