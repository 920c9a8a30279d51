"""Files that LibreOffice wrote, kept so that the tests need none; `make.py` writes them again."""
