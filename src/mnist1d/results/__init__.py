"""Results: one document per study, for the console, JSON, the HTML report and the page."""
