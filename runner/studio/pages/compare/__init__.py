"""The comparison of 2 to 500 runs: charts, differences, code and pictures."""
