"""The interpreter that imports the scripts' libraries in advance, then forks workers and scripts."""
