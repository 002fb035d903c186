"""Does every setting that leaves a door open stop the server, with a sentence that says which?"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import app
from dashboard import events, startup, targets
from dashboard.api import build_id
from dashboard.audit.reading import Asked, piece
from dashboard.auth import demo
from dashboard.auth.doors import open_doors
from dashboard.auth.passwords import Hashes
from dashboard.config import ConfigError
from dashboard.store import Store
from dashboard.wall import settings as wall_settings
from etl import thresholds
from etl.contract import read_pointer
from etl.errors import LoadError
from etl.reference import Reference
from tests.builders import REFERENCE, ROOT
from tests.doors import PASSWORD, QUICK
from tests.e2e.people import NAME, known_at


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """The umask and the log as they were before."""
    umask = os.umask(0o022)
    os.umask(umask)
    logger = logging.getLogger("yiping.access")
    before = logger.handlers[:], logger.level, logger.propagate
    yield
    os.umask(umask)
    logger.handlers, logger.level, logger.propagate = before


def settings(warehouse: Path, state: Path, *more: str) -> list[str]:
    return ["--warehouse", str(warehouse), "--state", str(state / "yiping.sqlite"), *more]


def started(warehouse: Path, state: Path, *more: str) -> TestClient:
    return TestClient(app.create_server(app._options(settings(warehouse, state, *more))))


@pytest.mark.parametrize(
    "name",
    [
        "DASH_DEBUG", "DASH_HOT_RELOAD", "DASH_UI", "DASH_PROPS_CHECK", "DASH_URL_BASE_PATHNAME",
        "_DASH_FASTAPI_CONFIG", "YIPING_HSOT", "YIPING_DEBUG", "YIPING_",
    ],
)  # fmt: skip
def test_t13_t21_an_environment_that_debugs_or_is_misspelt_stops_the_start(
    small_county: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SystemExit, match=name):
        app.main(settings(small_county, tmp_path))


def test_t13_the_program_ends_with_a_code_and_a_sentence(small_county: Path, tmp_path: Path) -> None:
    command = [sys.executable, "app.py", *settings(small_county, tmp_path)]
    ended = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"DASH_DEBUG": "true"}, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("拒绝启动：设有环境变量 DASH_DEBUG")


def test_p05_every_start_is_on_record_with_the_program_it_is(small_county: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with started(small_county, tmp_path) as client:
            assert client.get("/healthz").status_code == 200
    found = piece(tmp_path / "audit.sqlite", Asked(), limit=10).records
    assert [(record.event, record.kind) for record in found] == [("started", "server")] * 2
    assert found[0].facts == f'{{"build":"{build_id(ROOT)}"}}'


def test_p05_a_server_that_can_record_nothing_does_not_start(small_county: Path, tmp_path: Path) -> None:
    with started(small_county, tmp_path):
        pass
    (tmp_path / "audit.sqlite.head").unlink()
    with pytest.raises(SystemExit, match="audit verify"):
        app.main(settings(small_county, tmp_path))


@pytest.mark.parametrize(("said", "is_secure"), [("1", True), ("0", False), (None, False)])
def test_behind_tls_cookies_and_browsers_stay_with_it(
    small_county: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, is_secure: bool
) -> None:
    """Whether the program is started with an option or an ASGI server takes `app:server`, which knows no options."""
    monkeypatch.setenv("YIPING_WAREHOUSE", str(small_county))
    monkeypatch.setenv("YIPING_STATE", str(known_at(tmp_path / "yiping.sqlite")))
    if said is not None:
        monkeypatch.setenv("YIPING_BEHIND_TLS", said)
    with TestClient(app.server, base_url="https://localhost") as client:
        answer = client.post("/login", data={"name": NAME, "password": PASSWORD}, follow_redirects=False)
        assert client.get("/readyz").status_code == 200
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert (cookie.startswith("__Host-yiping_session="), "; Secure" in cookie) == (is_secure, is_secure)
    hsts = answer.headers.get("strict-transport-security")
    assert hsts == ("max-age=31536000" if is_secure else None)


@pytest.mark.parametrize("said", ["yes", "true", "2", ""])
def test_t13_a_variable_that_says_neither_yes_nor_no_stops_the_start(
    small_county: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("YIPING_BEHIND_TLS", said)
    with pytest.raises(SystemExit, match="YIPING_BEHIND_TLS 只能是 1 或 0"):
        app.main(settings(small_county, tmp_path))


def test_p19_a_batch_with_a_stray_wal_stops_the_start(small_county: Path, tmp_path: Path) -> None:
    copied = tmp_path / "warehouse"
    shutil.copytree(small_county, copied)
    (wal := copied / f"{read_pointer(copied).file}.wal").touch()
    with pytest.raises(SystemExit, match=r"\.wal"):
        app.main(settings(copied, tmp_path))
    assert wal.exists()


@pytest.mark.parametrize("mode", [0o701, 0o704, 0o707, 0o755, 0o777])
def test_t13_data_open_to_all_stops_the_start(small_county: Path, tmp_path: Path, mode: int) -> None:
    open_state = tmp_path / "state"
    open_state.mkdir()
    open_state.chmod(mode)
    with pytest.raises(SystemExit, match=r"状态目录 .* 对本机所有用户开放"):
        app.main(settings(small_county, open_state))
    open_warehouse = tmp_path / "warehouse"
    open_warehouse.mkdir()
    (open_warehouse / "CURRENT.json").touch()
    open_warehouse.chmod(mode)
    with pytest.raises(SystemExit, match=f"数据目录 .* 对本机所有用户开放（权限 {mode:03o}）；请运行 chmod o-rwx"):
        app.main(settings(open_warehouse, tmp_path))


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o770])
def test_data_of_its_user_and_group_is_fine(small_county: Path, tmp_path: Path, mode: int) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(mode)
    with started(small_county, state) as client:
        assert client.get("/healthz").status_code == 200


def test_what_we_make_ourselves_is_private(small_county: Path, tmp_path: Path) -> None:
    os.umask(0o022)
    assert small_county.stat().st_mode & 0o077 == 0
    with started(small_county, tmp_path / "new") as client:
        client.get("/healthz")
    made = [tmp_path / "new", *(tmp_path / "new").iterdir()]
    assert len(made) > 2
    assert [path.name for path in made if path.stat().st_mode & 0o007] == []


def test_the_access_log_is_a_file_beside_the_state(small_county: Path, tmp_path: Path) -> None:
    with started(small_county, tmp_path) as client:
        said = client.get("/healthz")
    queue = logging.getLogger("yiping.access").handlers[0]
    assert isinstance(queue, logging.handlers.QueueHandler)
    file = tmp_path / "access.jsonl"
    assert file.exists()
    handler = startup._access_file(file)
    assert handler.backupCount == startup.KEPT_DAYS  # type: ignore[attr-defined]
    handler.close()
    assert said.headers["x-request-id"]


def test_a_log_writes_every_line_and_stops(tmp_path: Path) -> None:
    listener = startup.write_logs(tmp_path / "logs" / "access.jsonl")
    for number in range(100):
        logging.getLogger("yiping.access").info("%d", number)
    listener.stop()
    assert (tmp_path / "logs" / "access.jsonl").read_text().split() == [str(n) for n in range(100)]


def test_two_workers_that_see_midnight_lose_no_line(tmp_path: Path) -> None:
    path = tmp_path / "access.jsonl"
    workers = [startup._access_file(path) for _ in range(2)]

    def write(text: str) -> None:
        for number, worker in enumerate(workers):
            worker.handle(logging.makeLogRecord({"msg": f"{text} {number}"}))

    write("old")
    for worker in workers:
        assert isinstance(worker, startup.DailyFile)
        worker.rolloverAt = int(time.time()) - 1
    write("new")
    write("newer")
    for worker in workers:
        worker.close()
    put_away, now = sorted(tmp_path.iterdir(), key=lambda file: file.name == "access.jsonl")
    assert put_away.read_text().splitlines() == ["old 0", "old 1"]
    assert now.read_text().splitlines() == ["new 0", "new 1", "newer 0", "newer 1"]


def test_a_log_that_cannot_be_written_stops_the_start(small_county: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match=r"访问日志 .* 不能写入"):
        app.main(settings(small_county, tmp_path, "--access-log", str(tmp_path / "file" / "access.jsonl")))


@pytest.mark.parametrize("name", ["*", "http://zzzx.local", "zzzx.local:80", "zz zx", "a/b", "中心"])
def test_h12_a_host_name_that_is_none_stops_the_start(small_county: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(SystemExit, match="不是主机名"):
        app.main(settings(small_county, tmp_path, "--allowed-hosts", name))


def test_h12_a_name_that_is_allowed_is_answered(
    small_county: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIPING_HOSTS", "zzzx.local, 10.1.2.3")
    with started(small_county, tmp_path) as client:
        for host, status in (("zzzx.local", 200), ("ZZZX.local:8443", 200), ("10.1.2.3", 200), ("other.local", 400)):
            assert client.get("/healthz", headers={"host": host}).status_code == status


def make_demo_accounts(state: Path) -> None:
    with closing(Store(state)) as store:
        accounts = open_doors(store, clock=datetime.now, audit=lambda *_, **__: None, hashes=Hashes(QUICK)).accounts
        demo.first_accounts(accounts, town="T01")


@pytest.mark.parametrize("more", [("--behind-tls",), ("--allowed-hosts", "zzzx.local")])
def test_a_proxy_before_it_stops_the_start_with_demo_accounts(
    small_county: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    """It listens on this machine only, but others reach it through the proxy."""
    with pytest.raises(SystemExit, match="还没有账号"):
        app.main(settings(small_county, tmp_path, *more, "--demo-if-empty"))
    make_demo_accounts(tmp_path / "yiping.sqlite")
    with pytest.raises(SystemExit, match="还有演示账号"):
        app.main(settings(small_county, tmp_path, *more))


def test_an_asgi_server_is_given_no_application_with_demo_accounts(
    small_county: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It alone knows where it listens."""
    monkeypatch.setenv("YIPING_WAREHOUSE", str(small_county))
    monkeypatch.setenv("YIPING_STATE", str(tmp_path / "yiping.sqlite"))
    make_demo_accounts(tmp_path / "yiping.sqlite")
    with pytest.raises(SystemExit, match="还有演示账号"):
        _ = app.server


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "::", "evil.test"])
def test_an_address_beyond_this_machine_stops_the_start(small_county: Path, tmp_path: Path, host: str) -> None:
    with pytest.raises(SystemExit, match="还没有账号"):
        app.main(settings(small_county, tmp_path, "--host", host, "--demo-if-empty"))
    make_demo_accounts(tmp_path / "yiping.sqlite")
    with pytest.raises(SystemExit, match=f"拒绝监听 {host}：还有演示账号"):
        app.main(settings(small_county, tmp_path, "--host", host))


# --- configuration files: an unknown key is a slip that somebody relies on -------------------------------------------


def test_t13_lists_of_settings_know_all_their_keys(tmp_path: Path) -> None:
    for read, text in (
        (targets.configured, '[[targets]]\nmetric = "accepted"'), (targets.configured, "extra = 1"),
        (targets.configured, '[[target]]\nmetric = "accepted"\nfoo = 1'), (events.configured, "[events]"),
        (events.configured, '[[event]]\nday = 2026-01-01\nkind = "口径"\ntext = "x"\nfoo = 1'),
    ):  # fmt: skip
        path = tmp_path / f"{abs(hash(text))}.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match="不认识的项"):
            read(path)


def test_t13_the_wall_knows_all_its_keys(tmp_path: Path) -> None:
    text = (REFERENCE / "wall.toml").read_text(encoding="utf-8")
    for odd in (text.replace("[wall]", "[wall]\nfoo = 1"), text + "\n[other]\n", text + "\nfoo = 1\n"):
        (tmp_path / "wall.toml").write_text(odd, encoding="utf-8")
        with pytest.raises(wall_settings.WallConfigError):
            wall_settings.read(tmp_path / "wall.toml")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[display]", "[displays]"), ("[clock]", "[extra]\n[clock]"), ("[clock]", "[clock]\nfoo = 1"),
        ("[loop]", "[loop]\nfoo = 1"), ("[map]", "[map]\nfoo = 1"),
        ("village = 2000 }", "village = 2000, hamlet = 3 }"),
    ],
)  # fmt: skip
def test_t13_the_rules_know_all_their_keys(tmp_path: Path, old: str, new: str) -> None:
    text = (REFERENCE / "rules.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "rules.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(LoadError, match=r"rules\.toml"):
        _ = Reference(tmp_path).rules


def test_the_rules_as_shipped_are_in_order() -> None:
    assert list(thresholds.problems(Reference(REFERENCE).rules)) == []
