"""A file that shows whether it was unpickled."""

from typing import Any


class Malicious:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Any) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> Any:
        return open, (self.mark, "w")
