"""References that name no version of ``iris``, which has a version 1 with the alias ``golden``."""

NO_REFERENCES = (
    "", ":", "@", ":1", "@golden", "iris:", "iris@", "iris:0", "iris:-1", "iris:+1", "iris:01", "iris: 1", "iris:1 ",
    "iris:1.0", "iris:1e0", "iris:x", "iris:9", "iris:\uff11", "iris:" + "9" * 5000, "iris:1:2", "iris::1",
    "iris:1@golden", "iris@golden:1", "iris@golden@golden", "iris@1", "iris@latest", " iris", "iris ", "iris:Latest",
)  # fmt: skip
