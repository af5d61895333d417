"""What the suite itself needs: caches, samples, the pace of the machine, and what may be left on it."""
