"""``vivero tag``, ``rename``, ``note`` and ``archive``."""

from tests.support.history import History


def test_tags_are_set_and_dropped(history: History) -> None:
    record = history.run(tags={"old": "1"})
    assert history.json("tag", "latest", "team=a", "place=x=y", "--drop", "old") == {
        "id": record.id, "tags": {"team": "a", "place": "x=y"},
    }  # fmt: skip
    assert history.vivero("tag", "latest", "team=b").stdout == f"Tags of run {record.id}: team=b, place=x=y\n"
    assert [row["tags"]["team"] for row in history.json("runs", "--tag", "team=b")] == ["b"]
    assert history.json("show", "latest")["tags"] == {"team": "b", "place": "x=y"}


def test_a_mistake_changes_nothing(history: History) -> None:
    history.run(tags={"old": "1"})
    assert "No tag is given" in history.error("tag", "latest")
    assert "takes key=value" in history.error("tag", "latest", "team")
    assert "has no tag 'odl'. Its tags: old" in history.error("tag", "latest", "a=b", "--drop", "odl")
    assert "cannot be empty" in history.error("rename", "latest", "")
    assert "No run matches" in history.error("archive", "latest", "nope")
    assert history.json("show", "latest")["tags"] == {"old": "1"}
    assert [row["archived"] for row in history.json("runs")] == [False]


def test_name_and_note_are_shown(history: History) -> None:
    record = history.run()
    assert history.json("rename", "latest", "steady fox") == {"id": record.id, "display_name": "steady fox"}
    assert history.json("note", "latest", "look\x1b[31m again") == {"id": record.id, "note": "look\x1b[31m again"}
    shown = history.vivero("show", "latest").stdout
    assert "steady fox" in shown and "again" in shown and "\x1b" not in shown
    assert [row["note"] for row in history.json("runs", "--where", "display_name == 'steady fox'")] != [None]
    assert history.vivero("note", "latest", "").stdout == f"Removed the note on run {record.id}\n"
    assert history.json("show", "latest")["note"] is None


def test_archived_runs_are_left_out_of_lists(history: History) -> None:
    first, second = history.run(), history.run()
    history.vivero("archive", first.id, second.id)
    assert history.json("runs") == [] and len(history.json("runs", "--archived")) == 2
    assert "No runs except 2 archived. To list them: vivero runs --archived" in history.vivero("runs").stderr
    assert len(history.json("runs", "--where", "archived")) == 2
    assert history.json("archive", first.id, "--undo") == [{"id": first.id, "archived": False}]
    assert [row["id"] for row in history.json("runs")] == [first.id]
    assert history.json("show", second.id)["archived"] is True
