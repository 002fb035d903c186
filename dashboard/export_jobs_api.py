"""Long exports over the API: started, watched, cancelled and fetched, while pages and other files go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse

from dashboard import work
from dashboard.api import answer, in_words, with_filters
from dashboard.ask import Ask
from dashboard.auth.identity import known
from dashboard.export.export import MEDIA_TYPES, Export
from dashboard.export.jobs import DONE, MOST_OF_AN_ACCOUNT, Jobs, NoSuchJobError, NotReadyError
from dashboard.export.names import download
from dashboard.export_api import Exporter, checksum
from dashboard.export_request import parameters

JOBS = "/api/v1/exports"
TOLD = ("id", "state", "rows", "total", "name", "format", "bytes", "ahead", "said", "until")
KEY = InPath(description="导出的编号", pattern=r"^[\w-]{8,40}$")


def add_export_jobs(api: FastAPI, exporter: Exporter, jobs: Jobs) -> None:
    """Add /exports to the API: POST starts one, GET watches, DELETE cancels, …/file and …/about fetch.

    A job is its `owner`'s; where nobody logs in, whoever knows its number has it.
    """
    _errors(api)
    _add_start(api, exporter, jobs)
    _add_watch(api, jobs)
    _add_fetch(api, exporter, jobs)


def owner() -> str:
    """Whose request is being answered, and as what role and of which town; nobody's where nobody logs in.

    A file holds what could be seen when it was asked for: to who sees something else by now, there is no such file.
    """
    asker = known()
    return f"{asker.key} {asker.role} {asker.town}" if asker else ""


def account() -> str:
    """Who is asking, whatever the role or town; where nobody logs in, the address of the connection."""
    asker = known()
    return asker.key if asker else work.client.get()


def _errors(api: FastAPI) -> None:
    api.add_exception_handler(NoSuchJobError, in_words(404))
    api.add_exception_handler(NotReadyError, in_words(409))


def _add_start(api: FastAPI, exporter: Exporter, jobs: Jobs) -> None:
    @api.post(
        "/exports",
        summary="在后台导出",
        status_code=202,
        responses={409: {"description": f"每个账号至多 {MOST_OF_AN_ACCOUNT} 个没有完成的导出，或排队的导出太多"}},
        openapi_extra=with_filters(),
        dependencies=[Depends(parameters)],
    )
    async def start(request: Request) -> dict[str, Any]:
        """Takes the parameters of /export; refuses at once what cannot be exported, and answers with the job."""

        @contextmanager
        def make(is_over: Callable[[], bool]) -> Iterator[Export]:
            with exporter.warehouse.lease() as ask:
                yield exporter.export(ask, request, is_over)

        def question(ask: Ask) -> str:
            export = exporter.export(ask, request)
            asked = export.asked
            told = {"query": asked.query, "format": asked.format, "name": export.name}
            return jobs.start(make, **told, total=export.total, owner=owner(), account=account())

        return job_json(jobs.find(await answer(exporter.warehouse, question), owner()))


def _add_watch(api: FastAPI, jobs: Jobs) -> None:
    @api.get("/exports/{key}", summary="后台导出到哪一步了")
    def watch(key: str = KEY) -> dict[str, Any]:
        """waiting, running, done, failed or cancelled; rows written of how many; until when the file is kept."""
        return job_json(jobs.find(key, owner()))

    @api.delete("/exports/{key}", summary="取消后台导出，或删除已完成的文件")
    def cancel(key: str = KEY) -> dict[str, Any]:
        """The work stops before its next block of rows."""
        return job_json(jobs.cancel(key, owner()))


def _add_fetch(api: FastAPI, exporter: Exporter, jobs: Jobs) -> None:
    @api.get("/exports/{key}/file", summary="下载后台导出的文件", response_class=FileResponse)
    def fetch(key: str = KEY) -> FileResponse:
        """The whole file; `Link` leads to its description. That it goes out is on record before its first byte."""
        path, job, said = jobs.file(key, owner()), jobs.find(key, owner()), jobs.about(key, owner())
        with path.open("rb") as out:
            sha256 = checksum(out)
        exporter.put_on_record(said, format=job["format"], sha256=sha256.hex())
        headers = {
            **download(job["name"], sha256),
            "Link": f'<{JOBS}/{key}/about>; rel="describedby"; type="application/json"',
        }
        return FileResponse(path, media_type=MEDIA_TYPES[job["format"]], headers=headers)

    @api.get("/exports/{key}/about", summary="后台导出文件的说明（JSON）")
    def about(key: str = KEY) -> dict[str, Any]:
        """The sidecar of the file, written with it."""
        return jobs.about(key, owner())


def job_json(job: dict[str, Any]) -> dict[str, Any]:
    """A job as the API says it; the file's address only where there is a file."""
    return {key: job[key] for key in TOLD} | {"file": f"{JOBS}/{job['id']}/file" if job["state"] == DONE else ""}
