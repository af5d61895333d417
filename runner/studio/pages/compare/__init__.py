"""Two to 500 runs beside each other: charts, differences, code and pictures."""
