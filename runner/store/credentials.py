"""Names of files that look like secrets."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence

SECRET_NAMES = (
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.kdbx", "id_rsa", "id_dsa", "id_ecdsa",
    "id_ed25519", ".netrc", "_netrc", ".pypirc", ".pgpass", ".htpasswd", "credentials", "credentials.json",
    "credentials.y*ml", ".git-credentials", "service_account*.json", "secrets.json", "secrets.y*ml", "secrets.toml",
)  # fmt: skip
HARMLESS = (".env.example", ".env.sample", ".env.template", "*.pub.pem")


def secret_looking(paths: Iterable[str], allowed: Sequence[str] = ()) -> list[str]:
    """Return the paths whose file name looks like a secret and that match no allowed pattern."""
    suspects = []
    for path in paths:
        name = path.rpartition("/")[2].lower()
        looks = any(fnmatch.fnmatchcase(name, pattern) for pattern in SECRET_NAMES)
        harmless = any(fnmatch.fnmatchcase(name, pattern) for pattern in HARMLESS)
        if (
            looks
            and not harmless
            and not any(fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(name, pattern) for pattern in allowed)
        ):
            suspects.append(path)
    return suspects
