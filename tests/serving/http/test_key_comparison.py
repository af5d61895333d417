"""Each key is compared in a time that does not depend on where a wrong one differs."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from runner.io.clock import now
from serving.http.keys import Keys

RIGHT = "k" * 43
GIVEN = {
    f"Bearer {RIGHT}": True,
    f"bearer  {RIGHT} ": True,
    "Bearer second": True,
    f"Bearer {RIGHT[:-1]}x": False,
    f"Bearer x{RIGHT[1:]}": False,
    f"Bearer {RIGHT}k": False,
    f"Basic {RIGHT}": False,
    "Bearer": False,
    "Bearer \udcff": False,
    "": False,
}


@pytest.mark.parametrize("header", GIVEN)
def test_every_key_is_compared_as_a_digest(header: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, compared = tmp_path / "keys.json", []
    digests = {name: hashlib.sha256(key.encode()).hexdigest() for name, key in (("a", RIGHT), ("b", "second"))}
    kept = {name: {"sha256": digest, "created": now()} for name, digest in digests.items()}
    path.write_text(json.dumps({"format": 1, "keys": kept}))
    compare = hmac.compare_digest

    def noted(given: Any, known: Any) -> bool:
        compared.append((given, known))
        return compare(given, known)

    monkeypatch.setattr("serving.http.keys.hmac.compare_digest", noted)
    assert Keys(path).admit(header) is GIVEN[header]
    # All of them, whichever is right; of the same length, so that a length says nothing of a key.
    assert [known.hex() for _, known in compared] == list(digests.values())
    assert {len(given) for given, _ in compared} == {32}
