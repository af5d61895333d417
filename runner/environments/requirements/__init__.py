"""From what a user asks for to a lock with hashes: requirement lines, local wheels, repositories."""
