"""What the readers write down is there after a restart, whole, whoever writes at the same time."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboard.store import Store, StoreError

NOTES = "create table if not exists note (id integer primary key, text text not null) strict"


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "yiping.sqlite"
    first = Store(path)
    first.declare(NOTES)
    assert first.write("insert into note (text) values (:text)", {"text": "专项行动"}) == 1
    first.close()
    again = Store(path)
    again.declare(NOTES)
    assert again.rows("select text from note") == [{"text": "专项行动"}]
    again.close()


def test_nobody_else_on_the_machine_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state" / "yiping.sqlite"
    Store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_eight_writers_lose_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "yiping.sqlite")
    store.declare(NOTES)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.write("insert into note (text) values (:text)", {"text": str(n)}), range(80)))
    assert {row["text"] for row in store.rows("select text from note")} == {str(n) for n in range(80)}
    store.close()


def test_a_write_that_fails_changes_nothing_and_says_so() -> None:
    store = Store()
    store.declare(NOTES)
    with pytest.raises(StoreError, match="未能保存"):
        store.write("insert into note (text) values (null)")
    assert store.rows("select * from note") == []
    store.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="请检查目录"):
        Store(tmp_path / "state" / "yiping.sqlite")


@pytest.mark.parametrize("is_replaced", [True, False])
def test_a_file_that_is_no_longer_there_is_neither_read_nor_written(tmp_path: Path, *, is_replaced: bool) -> None:
    """Whoever puts a backup in its place speaks to that one (`users disable`); the server's own would be another."""
    path = tmp_path / "yiping.sqlite"
    store = Store(path)
    store.declare(NOTES)
    store.write("insert into note (text) values ('一')")
    path.rename(tmp_path / "aside")
    if is_replaced:
        Store(path).close()
    for use in (lambda: store.rows("select * from note"), lambda: store.write("delete from note"), store.check):
        with pytest.raises(StoreError, match="重新启动程序"):
            use()
    path.unlink(missing_ok=True)
    (tmp_path / "aside").rename(path)
    assert store.rows("select text from note") == [{"text": "一"}]
    store.close()
