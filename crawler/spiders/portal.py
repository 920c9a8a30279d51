"""Any portal by its address, in a registry or not."""

from crawler.selection import Selection, of_address
from crawler.spiders.annual_reports import AnnualReports


class AnyPortal(AnnualReports):
    """Finds the annual-report section of one portal from its home page."""

    name = "portal"

    def selection(self, arguments: dict[str, str]) -> Selection:
        """The one portal of `url=`; raises SelectionError or RegistryError."""
        return of_address(arguments)
