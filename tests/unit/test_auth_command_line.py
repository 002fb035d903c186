"""The command line: what it says, what it changes, and that a wrong use is a Chinese sentence and 2."""

from __future__ import annotations

import getpass
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboard.__main__ import main
from dashboard.store import Store
from tests.doors import PASSWORD, START, Place, Record, open_place

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "yiping.sqlite"


@pytest.fixture
def place(path: Path) -> Place:
    return open_place(path)


@pytest.fixture
def run(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Carry out a line with a password piped in: exit code, output, errors."""

    def do(line: str, password: str = PASSWORD, audit: Record | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        capsys.readouterr()
        try:
            code = main([*line.split(), "--state", str(path)], audit=audit)
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return do


def test_a_person_is_added_and_can_log_in(run: Run, place: Place) -> None:
    assert run("users add Ａnna --role town --town T01 --shown 安娜") == (0, "已建立账号：anna\t安娜\t乡镇 T01\n", "")
    assert place.doors.accounts.verified("anna", PASSWORD)


def test_a_person_is_disabled_enabled_and_given_a_password_and_a_role(run: Run, place: Place) -> None:
    key = place.doors.sessions.start(place.doors.accounts.find("leader"))
    assert run("users disable leader")[:2] == (0, "已停用，登录即刻失效：leader\tleader\t领导\t已停用\n")
    assert place.doors.sessions.find(key) is None
    assert run("users enable leader")[0] == 0
    assert run("users reset leader", "another password")[0] == 0
    assert place.doors.accounts.verified("leader", "another password")
    assert run("users role leader --role analyst")[0] == 0
    assert place.doors.accounts.find("leader").role == "analyst"
    assert "leader\tleader\t分析员\n" in run("users list")[1]


def test_a_token_is_printed_once_and_alone(run: Run, place: Place) -> None:
    code, out, err = run("token --role analyst --name 日报 --days 30")
    assert code == 0
    assert "只显示这一次" in err
    token = out.strip()
    assert token not in err
    # The command line has the machine's clock; of the place's only the day of the end differs.
    place.clock.now = START.replace(year=2020)
    who = place.doors.tokens.find(token)
    assert who is not None
    assert who.role == "analyst"
    listed = run("tokens list")[1]
    assert token not in listed
    assert "日报\t分析员\t有效至" in listed
    id = listed.split("\t")[0]
    assert run(f"tokens revoke {id}")[:2] == (0, f"已吊销令牌 {id}\n")
    assert place.doors.tokens.find(token) is None
    assert "已吊销" in run("tokens list")[1]


def test_a_wall_is_given_a_code_listed_and_revoked(run: Run, place: Place) -> None:
    code, out, err = run("wall code 指挥大厅")
    assert code == 0
    assert "10 分钟" in err
    place.clock.now = START.replace(year=2020)
    key = place.doors.walls.activate(out.strip(), "10.0.0.9")
    assert key
    listed = run("wall list")[1]
    assert "指挥大厅\t10.0.0.9\t有效至" in listed
    assert run(f"wall revoke {listed.split(chr(9))[0]}")[0] == 0
    assert place.doors.walls.find(key, "10.0.0.9") is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("users", "不能是"),
        ("users add anna", "缺少 --role"),
        ("users add anna --role boss", "--role 不能是 'boss'"),
        ("users add anna --role town", "须指定一个乡镇"),
        ("users add leader --role leader", "已存在"),
        ("users add anna! --role leader", "账号只能用"),
        ("users disable nobody", "没有账号“nobody”"),
        ("users reset nobody", "没有账号“nobody”"),
        ("users role leader --role leader --town T01", "不能指定乡镇"),
        ("users add anna --role town --town 东镇", "乡镇须写代码"),
        ("users add anna --role leader --shown 安\x1b娜", "姓名须为"),
        (f"users add anna --role leader --shown {'安' * 33}", "姓名须为"),
        ("users disable \udcff", "参数不是 UTF-8 文字"),
        ("users list --state", "--state 后面须有一个值"),
        ("users list --state= ", "--state 须写一个文件"),
        ("users list extra", "不认识 extra"),
        ("token --role analyst", "缺少 --name"),
        ("token --role analyst --name 日报 --days x", "--days 须为整数"),
        ("token --role analyst --name 日报 --days 9999", "有效天数须在"),
        ("tokens revoke x", "没有编号为“x”的有效令牌"),
        ("wall revoke x", "没有编号为“x”的有效大屏"),
        ("wall code", "缺少 name"),
    ],
)
def test_a_wrong_use_is_said_in_chinese(run: Run, place: Place, line: str, said: str) -> None:
    before = place.doors.accounts.listed()
    code, out, err = run(line)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert place.doors.accounts.listed() == before


def test_a_weak_password_is_refused(run: Run, place: Place) -> None:
    assert run("users add anna --role leader", "short")[::2] == (2, "密码须为 10 至 128 个字符\n")
    assert place.doors.accounts.known("anna") == ""


def test_bytes_that_are_no_text_make_no_password(run: Run, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("users add anna --role leader", "long enough \udcff")[::2] == (2, "密码不是 UTF-8 文字\n")
    monkeypatch.setattr("io.StringIO", lambda _text: io.TextIOWrapper(io.BytesIO(b"long enough \xff\n"), "utf-8"))
    assert run("users add anna --role leader")[::2] == (2, "密码不是 UTF-8 文字\n")
    assert place.doors.accounts.known("anna") == ""


def test_what_is_typed_twice_must_be_the_same(run: Run, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    said = iter([PASSWORD, PASSWORD + "!"])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(said))
    monkeypatch.setattr("io.StringIO", Terminal)
    assert run("users add anna --role leader")[::2] == (2, "两次输入的密码不同\n")
    assert place.doors.accounts.known("anna") == ""


def test_changes_are_on_record_with_who_made_them(run: Run, place: Place) -> None:
    record = Record()
    run("users disable leader", audit=record)
    event, facts = record.events[0]
    assert (event, facts["account"]) == ("account_disabled", "leader")
    assert facts["by"] == getpass.getuser()


def test_without_a_record_nothing_is_changed(run: Run, place: Place) -> None:
    code, _, err = run("users disable leader", audit=Record(is_broken=True))
    assert code == 1
    assert "操作未执行" in err
    assert not place.doors.accounts.find("leader").is_disabled


def test_a_store_that_cannot_be_opened_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["users", "list", "--state", str(tmp_path / "file" / "x.sqlite")]) == 1
    assert "无法打开" in capsys.readouterr().err


def test_the_file_is_made_for_its_owner_alone(run: Run, path: Path) -> None:
    assert run("users list") == (0, "", "")
    assert path.stat().st_mode & 0o077 == 0
    assert Store(path).rows("select * from account") == []
