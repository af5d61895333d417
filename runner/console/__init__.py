"""What people see on a terminal: tables, progress, values in short."""
