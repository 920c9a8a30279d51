"""Measures of the harvester against the bare tools under it. Nothing here decides a test."""
