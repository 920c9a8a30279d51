"""The province of Heilongjiang: portals in portals/heilongjiang.toml."""

from crawler.spiders.annual_reports import AnnualReports


class Heilongjiang(AnnualReports):
    """Walks every portal of the province."""

    name = "heilongjiang"
