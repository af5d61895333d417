"""One model: its versions, where they come from and where they went."""
