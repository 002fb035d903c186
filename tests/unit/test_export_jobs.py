"""Are long exports made beside the pages: watched, stopped, kept, and never left half done without a word?"""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard import export_jobs_api, work
from dashboard.auth.identity import Identity, acting
from dashboard.export import jobs as jobs_module
from dashboard.export.content import Block, Content
from dashboard.export.export import Export
from dashboard.export.jobs import DISK_FULL, KEPT, MOST_OF_AN_ACCOUNT, RESTARTED, Jobs, NotReadyError
from dashboard.export.process import is_there, own_mark
from dashboard.server import create
from dashboard.store import Store

AT = datetime(2026, 11, 1, 9, 30)


@pytest.fixture
def client(small_county: Path, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create(small_county, clock=lambda: AT, state=tmp_path / "s.sqlite")) as session:
        yield session


def start(client: TestClient, query: str = "format=csv") -> Any:
    got = client.post(f"/api/v1/exports?{query}")
    assert got.status_code == 202, got.text
    return got.json()


def until(client: TestClient, key: str, is_there: Callable[[Any], bool]) -> Any:
    for _ in range(200):
        job = client.get(f"/api/v1/exports/{key}").json()
        if is_there(job):
            return job
        time.sleep(0.02)
    raise AssertionError(job)


def ended(job: Any) -> bool:
    return job["state"] not in ("waiting", "running")


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_a_job_makes_the_same_file_as_the_direct_link(client: TestClient, form: str) -> None:
    job = until(client, start(client, f"format={form}&kind=C")["id"], ended)
    assert (job["state"], job["rows"], job["total"]) == ("done", 2, 2)
    assert job["until"] == (AT + KEPT).isoformat(timespec="minutes")
    got, about = client.get(job["file"]), client.get(f"/api/v1/exports/{job['id']}/about").json()
    direct = client.get(f"/api/v1/export?format={form}&kind=C")
    trace = direct.headers["x-request-id"] if form == "csv" else "no number in the name"
    assert got.headers["content-disposition"] == direct.headers["content-disposition"].replace(trace, about["trace"])
    assert about["sha256"] == client.get(f"/api/v1/export/about?format={form}&kind=C").json()["sha256"]
    assert form != "csv" or len(list(csv.reader(io.StringIO(got.text)))) == 3


def test_a_running_job_is_cancelled_and_leaves_nothing(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go, blocks = Event(), Event(), Content.blocks

    def slow(content: Content) -> Iterator[Block]:
        reached.set()
        assert go.wait(10)
        yield from blocks(content)

    monkeypatch.setattr(Content, "blocks", slow)
    running, waiting = start(client), start(client)
    assert reached.wait(10)
    assert client.get(f"/api/v1/exports/{running['id']}").json()["state"] == "running"
    assert client.get(f"/api/v1/exports/{waiting['id']}").json()["ahead"] == 1
    assert client.get(f"/api/v1/exports/{running['id']}/file").status_code == 409
    for job in (running, waiting):
        client.delete(f"/api/v1/exports/{job['id']}")
    go.set()
    for job in (running, waiting):
        assert until(client, job["id"], ended)["state"] == "cancelled"
    assert list((tmp_path / "exports").iterdir()) == []


def test_a_full_disk_is_said_and_nothing_half_written_stays(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_export: Export, out: io.BufferedWriter) -> None:
        out.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Export, "write", full)
    job = until(client, start(client)["id"], ended)
    assert (job["state"], job["said"]) == ("failed", DISK_FULL)
    assert list((tmp_path / "exports").iterdir()) == []


def test_a_job_that_takes_too_long_is_stopped(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "SECONDS", -1.0)
    job = until(client, start(client)["id"], ended)
    assert job["state"] == "failed"
    assert "已停止" in job["said"]


def test_done_files_outlive_a_restart_and_what_was_cut_off_says_so(small_county: Path, tmp_path: Path) -> None:
    state = tmp_path / "s.sqlite"
    with TestClient(create(small_county, clock=lambda: AT, state=state)) as client:
        done = until(client, start(client)["id"], ended)
    store = Store(state)
    store.write("insert into own_export values ('cut-off-1', '', 'running', '', 'csv', 'x.csv', 3, 9, 0, '', '', '')")
    store.close()
    with TestClient(create(small_county, clock=lambda: AT, state=state)) as client:
        assert client.get(done["file"]).status_code == 200
        cut = client.get("/api/v1/exports/cut-off-1").json()
        assert (cut["state"], cut["said"]) == ("failed", RESTARTED)


def test_a_job_of_another_worker_goes_on_until_it_is_cancelled_from_here(
    small_county: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, go, blocks = tmp_path / "s.sqlite", Event(), Content.blocks

    def slow(content: Content) -> Iterator[Block]:
        assert go.wait(20)
        yield from blocks(content)

    monkeypatch.setattr(Content, "blocks", slow)
    monkeypatch.setattr(jobs_module, "AT_ONCE", 2)
    with TestClient(create(small_county, clock=lambda: AT, state=state)) as one:
        cancelled, kept = start(one), start(one)
        for job in (cancelled, kept):
            until(one, job["id"], lambda found: found["state"] == "running")
        with TestClient(create(small_county, clock=lambda: AT, state=state)) as other:
            assert {other.get(f"/api/v1/exports/{job['id']}").json()["state"] for job in (cancelled, kept)} == {
                "running"
            }
            assert other.delete(f"/api/v1/exports/{cancelled['id']}").json()["state"] == "cancelled"
            go.set()
            done = until(other, kept["id"], ended)
            assert done["state"] == "done"
            files = [client.get(done["file"]) for client in (one, other)]
            assert files[0].content == files[1].content
            assert files[0].headers["content-disposition"].startswith("attachment")
    # The first one has stopped, and all of its jobs with it.
    assert {file.stem for file in (tmp_path / "exports").iterdir()} == {kept["id"]}
    with TestClient(create(small_county, clock=lambda: AT, state=state)) as later:
        assert later.get(f"/api/v1/exports/{cancelled['id']}").json()["state"] == "cancelled"


def test_a_job_of_a_worker_that_is_gone_was_cut_off(small_county: Path, tmp_path: Path) -> None:
    with closing(Store(tmp_path / "s.sqlite")) as store:
        Jobs(store, tmp_path / "exports").close()
        gone = subprocess.run(
            [sys.executable, "-c", "from dashboard.export.process import own_mark; print(own_mark())"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        assert re.fullmatch(r"\d+-\d+", gone) and not is_there(gone)
        for name, worker in (("cut-off-1", gone), ("going-on-1", own_mark())):
            store.write(f"insert into own_export values ('{name}', '', 'waiting', '', 'csv', 'x', 3, 9, 0, '', '', '')")
            store.write("insert into own_export_worker values ($id, $worker)", {"id": name, "worker": worker})
    with TestClient(create(small_county, clock=lambda: AT, state=tmp_path / "s.sqlite")) as client:
        states = [client.get(f"/api/v1/exports/{name}").json()["state"] for name in ("cut-off-1", "going-on-1")]
        assert states == ["failed", "waiting"]


def test_a_process_is_known_by_its_number_and_its_beginning() -> None:
    assert is_there(own_mark())
    assert not is_there("") and not is_there(f"{os.getpid()}-1") and not is_there("0-0") and not is_there("x")


def test_a_file_past_its_time_is_gone(small_county: Path, tmp_path: Path) -> None:
    state = tmp_path / "s.sqlite"
    with TestClient(create(small_county, clock=lambda: AT, state=state)) as client:
        done = until(client, start(client)["id"], ended)
    later = AT + KEPT + timedelta(minutes=1)
    Jobs(Store(state), tmp_path / "exports", clock=lambda: later).close()
    assert list((tmp_path / "exports").iterdir()) == []
    with TestClient(create(small_county, clock=lambda: later, state=state)) as client:
        assert client.get(f"/api/v1/exports/{done['id']}").status_code == 404


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    (folder / "someone").mkdir(parents=True)
    (folder / "report.csv").write_text("theirs")
    left_over = folder / f"{'x' * 24}.part"
    left_over.write_text("ours")
    Jobs(Store(), folder, clock=lambda: AT).close()
    assert (folder / "someone").is_dir() and (folder / "report.csv").exists() and not left_over.exists()


def test_a_done_file_can_be_thrown_away(client: TestClient, tmp_path: Path) -> None:
    done = until(client, start(client)["id"], ended)
    assert client.delete(f"/api/v1/exports/{done['id']}").json()["state"] == "cancelled"
    assert client.get(done["file"]).status_code == 409
    assert list((tmp_path / "exports").iterdir()) == []


@pytest.mark.parametrize("query", ["", "format=pdf", "format=csv&town=nowhere", "format=geojson&metrics=accepted"])
def test_a_job_that_cannot_be_is_refused_at_once(client: TestClient, query: str) -> None:
    got = client.post(f"/api/v1/exports?{query}")
    assert (got.status_code, bool(got.json()["error"])) == (400, True)


@pytest.mark.parametrize("key", ["nothinghere", "..%2f..%2fetc", "x" * 50])
def test_an_unknown_job_is_never_a_file(client: TestClient, key: str) -> None:
    assert client.get(f"/api/v1/exports/{key}/file").status_code in (400, 404)


def test_sort_columns_and_find_shape_the_file(client: TestClient) -> None:
    said = "format=csv&metrics=accepted,on_time_rate&by=town&sort=-accepted&columns=accepted,town&find=镇"
    rows = list(csv.reader(io.StringIO(client.get(f"/api/v1/export?{said}").text.lstrip("\ufeff"))))
    assert rows[0] == ["受理量", "乡镇街道代码", "乡镇街道"]
    counts = [int(row[0]) for row in rows[1:]]
    assert counts == sorted(counts, reverse=True)
    assert all("镇" in row[2] for row in rows[1:])
    about = client.get(f"/api/v1/export/about?{said}").json()
    assert (about["order_in_words"], about["find"], about["exported_by"]) == (
        "按受理量由大到小，无值在后",
        "镇",
        "未登录",
    )
    ids = client.get("/api/v1/export?format=csv&sort=-case_id&columns=case_id").text.split("\r\n")[1:-1]
    assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize("wish", ["sort=title", "columns=nope", "sort=-planet&metrics=accepted&by=town", "find=x"])
def test_an_arrangement_that_is_not_there_is_refused(client: TestClient, wish: str) -> None:
    got = client.get(f"/api/v1/export?format=csv&{wish}")
    assert (got.status_code, bool(got.json()["error"])) == (400, True)


def test_rows_and_limits_are_said_before(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.export.limits.JOB_ROWS", 7)
    found = client.get("/api/v1/export/offers?format=csv&view=/departments").json()
    ways = {file["format"]: file["way"] for file in found["offers"][0]["files"]}
    assert (found["offers"][0]["rows"], ways["csv"]) == (8, "job")
    assert [offer["label"] for offer in found["offers"]] == ["事项清单", "部门一览", "全县合计", "在办超期存量"]


def test_column_conditions_of_the_analysis_go_into_its_file_and_nobody_elses(client: TestClient) -> None:
    asked = "format=csv&metrics=accepted&by=kind&limits=accepted%3E%3D3&"
    whole = client.get(f"/api/v1/export?{asked}view=/departments").text
    limited = client.get(f"/api/v1/export?{asked}view=/explore").text
    assert len(whole.splitlines()) > len(limited.splitlines()) == 1
    said = client.get(f"/api/v1/export/about?{asked}view=/explore").json()
    assert (said["limits"], said["rows"]) == ("accepted>=3", 0)
    assert "limits=accepted" in said["view"]


class Line:
    """Jobs that are made one by one, each when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.jobs = Jobs(Store(), folder)
        self.begun: list[str] = []
        self.keys: dict[str, str] = {}
        self._go, self._has_begun = Semaphore(0), Semaphore(0)

    def start(self, account: str, *names: str, role: str = "analyst") -> None:
        for name in names:
            said = {"query": "", "format": "csv", "name": name, "total": 1}
            owner = f"{account} {role} "
            self.keys[name] = self.jobs.start(partial(self._make, name), **said, owner=owner, account=account)  # type: ignore[arg-type]

    @contextmanager
    def _make(self, name: str, is_over: Callable[[], bool]) -> Iterator[Export]:
        self.begun.append(name)
        self._has_begun.release()
        assert self._go.acquire(timeout=10)
        raise NotReadyError("that was all")
        yield

    def wait(self, times: int = 1) -> None:
        for _ in range(times):
            assert self._has_begun.acquire(timeout=10)

    def go(self, times: int = 1) -> None:
        for _ in range(times):
            self._go.release()

    def ahead(self, account: str, name: str, role: str = "analyst") -> int:
        return int(self.jobs.find(self.keys[name], f"{account} {role} ")["ahead"])


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    made = Line(tmp_path / "exports")
    yield made
    made.go(99)
    made.jobs.close()


def test_t10_nobody_waits_behind_all_that_one_account_wants(line: Line) -> None:
    line.start("a", "a1")
    line.wait()
    line.start("a", "a2", "a3")
    assert [line.ahead("a", name) for name in ("a2", "a3")] == [1, 2]
    line.start("b", "b1", "b2")
    line.start("c", "c1")
    told = {name: line.ahead(name[0], name) for name in ("b1", "c1", "a2", "b2", "a3")}
    assert told == {"b1": 1, "c1": 2, "a2": 3, "b2": 4, "a3": 5}
    line.go(2)
    line.wait(2)
    told = {name: line.ahead(name[0], name) for name in ("c1", "a2", "b2", "a3")}
    assert told == {"c1": 0, "a2": 1, "b2": 2, "a3": 3}
    line.go(4)
    line.wait(3)
    assert line.begun == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_t10_an_account_has_so_many_jobs_in_whatever_role_and_others_have_theirs(line: Line) -> None:
    line.start("a", "a1")
    line.wait()
    line.start("a", *(f"a{n}" for n in range(2, MOST_OF_AN_ACCOUNT)))
    line.start("a", "as-leader", role="leader")
    for role in ("analyst", "town"):
        with pytest.raises(NotReadyError, match="每个账号至多 3 个"):
            line.start("a", "more", role=role)
    line.start("b", "b1")
    line.jobs.cancel(line.keys["as-leader"], "a leader ")
    line.start("a", "again")
    assert (line.ahead("b", "b1"), line.ahead("a", "again")) == (1, 3)


def test_t10_the_cap_is_described(client: TestClient) -> None:
    said = client.get("/api/v1/openapi.json").json()["paths"]["/exports"]["post"]["responses"]
    assert f"至多 {MOST_OF_AN_ACCOUNT} 个" in said["409"]["description"]


def test_t10_the_overall_line_ends_somewhere(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "MOST_WAITING", 2)
    for account in ("a", "b", "c"):
        line.start(account, f"{account}1")
    with pytest.raises(NotReadyError, match="3 个导出在排队"):
        line.start("d", "d1")


def test_t10_the_api_counts_by_account(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    go, blocks = Event(), Content.blocks

    def slow(content: Content) -> Iterator[Block]:
        assert go.wait(10)
        yield from blocks(content)

    monkeypatch.setattr(Content, "blocks", slow)
    ids = [start(client)["id"] for _ in range(MOST_OF_AN_ACCOUNT)]
    refused = client.post("/api/v1/exports?format=csv")
    assert (refused.status_code, "至多" in refused.json()["error"]) == (409, True)
    monkeypatch.setattr(export_jobs_api, "account", lambda: "somebody else")
    ids.append(start(client)["id"])
    assert client.get(f"/api/v1/exports/{ids[-1]}").json()["ahead"] == 1
    go.set()
    for key in ids:
        assert until(client, key, ended)["state"] == "done"


def test_an_account_is_the_same_in_every_role_and_an_address_where_nobody_logs_in() -> None:
    found = []
    for role, town in (("analyst", ""), ("leader", ""), ("town", "990108001"), ("town", "990108002")):
        with acting(Identity(name="li", shown_name="", role=role, town=town, kind="session")):
            found.append((export_jobs_api.account(), export_jobs_api.owner()))
    assert len({account for account, _ in found}) == 1 < len({owner for _, owner in found})
    token = work.client.set("10.0.0.9")
    assert export_jobs_api.account() == "10.0.0.9"
    work.client.reset(token)
