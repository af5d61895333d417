"""The interpreter that has imported what scripts import, and forks workers and scripts."""
