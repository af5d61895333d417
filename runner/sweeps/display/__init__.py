"""What people see of a sweep: a live table, a summary, a page."""
