"""What other users, broken disks and hostile clients do."""
