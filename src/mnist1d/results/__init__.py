"""What rows say: one document per study, shown by the console, JSON, the HTML report and the page."""
