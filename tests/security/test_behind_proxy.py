"""T-06, P08: is the county served over TLS as SECURITY.md says? nginx and the server, as in docs/."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dashboard.audit.reading import Asked, piece
from dashboard.audit.trail import trail_path
from dashboard.auth.lockout import MOST_FAILURES
from tests.builders import ROOT
from tests.doors import PASSWORD
from tests.e2e.conftest import _free_port
from tests.e2e.people import NAME, OWN, known_at

HOST = "zzzx.local"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or "nginx"
AROUND = """daemon off; pid {folder}/nginx.pid; {user}
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{inner}
}}
"""


@dataclass(frozen=True)
class Deployed:
    """The ports of nginx, plain and TLS, and the server's state file."""

    plain: int
    tls: int
    state: Path

    def visitor(self, address: str = "127.0.0.1") -> httpx.Client:
        """A browser on the machine of this address."""
        transport = httpx.HTTPTransport(local_address=address, verify=False)
        return httpx.Client(base_url=f"https://127.0.0.1:{self.tls}", headers={"Host": HOST}, transport=transport)

    def address_of_the_last(self, event: str) -> str:
        """The address on record with the newest of these events."""
        return piece(trail_path(self.state), Asked(events=(event,)), limit=1).records[0].address


@pytest.fixture(scope="module")
def deployed(small_county: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("deployed")
    made = Deployed(_free_port(), _free_port(), folder / "state" / "yiping.sqlite")
    inside = _free_port()
    processes = [_serve(small_county, known_at(made.state), inside), _proxy(folder, made, inside)]
    try:
        _wait(made, processes)
        yield made
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(40)


def _serve(warehouse: Path, state: Path, port: int) -> subprocess.Popen[bytes]:
    """The server as the unit of systemd starts it, with one worker."""
    lines = (ROOT / "docs" / "yiping.service").read_text(encoding="utf-8").splitlines()
    said = dict(line.removeprefix("Environment=").split("=") for line in lines if line.startswith("Environment="))
    said |= {"YIPING_WAREHOUSE": str(warehouse), "YIPING_STATE": str(state)}
    _, *command = shlex.split(next(line for line in lines if line.startswith("ExecStart=")))
    command[command.index("--port") + 1], command[command.index("--workers") + 1] = str(port), "1"
    others = {name: value for name, value in os.environ.items() if not name.startswith("YIPING_")}
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=others | said, stdout=subprocess.DEVNULL)


def _proxy(folder: Path, made: Deployed, inside: int) -> subprocess.Popen[bytes]:
    """nginx with the example and a certificate of its own, on other ports."""
    inner = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
    for example, ours in (
        ("listen 80;", f"listen {made.plain};"),
        ("listen 443 ssl;", f"listen {made.tls} ssl;"),
        ("127.0.0.1:8050", f"127.0.0.1:{inside}"),
        ("/etc/ssl/yiping/fullchain.pem", str(folder / "chain.pem")),
        ("/etc/ssl/yiping/key.pem", str(folder / "key.pem")),
    ):
        assert inner.count(example) == 1, example
        inner = inner.replace(example, ours)
    _certify(folder)
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user, inner=inner), encoding="utf-8")
    return subprocess.Popen([NGINX, "-p", str(folder), "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")])


def _certify(folder: Path) -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    begin = datetime.now(UTC) - timedelta(hours=1)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    signed = made.not_valid_before(begin).not_valid_after(begin + timedelta(days=2)).sign(key, hashes.SHA256())
    (folder / "chain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*plain))


def _wait(made: Deployed, processes: list[subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + 120
    with made.visitor() as visitor:
        while True:
            assert time.monotonic() < until and all(process.poll() is None for process in processes)
            try:
                if visitor.get("/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)


def test_a_person_logs_in_over_tls_and_is_on_record_with_the_own_address(deployed: Deployed) -> None:
    """Whatever address the browser says it has."""
    with deployed.visitor("127.0.0.5") as visitor:
        before = visitor.get("/map")
        assert (before.status_code, before.headers["location"]) == (302, "/login?next=%2Fmap")
        assert "max-age" in before.headers["strict-transport-security"]
        forged = {"X-Forwarded-For": "10.9.9.9", "Origin": f"https://{HOST}"}
        form = {"name": NAME, "password": PASSWORD, "next": "/map"}
        answer = visitor.post("/login", data=form, headers=forged)
        assert (answer.status_code, answer.headers["location"]) == (303, "/map")
        assert answer.headers["set-cookie"].startswith("__Host-") and "Secure" in answer.headers["set-cookie"]
        assert visitor.get("/api/v1/pulse").status_code == 200
    assert deployed.address_of_the_last("login") == "127.0.0.5"


def test_p08_failures_of_one_machine_do_not_lock_out_another(deployed: Deployed) -> None:
    with deployed.visitor("127.0.0.6") as guessing, deployed.visitor("127.0.0.7") as other:
        said = [
            guessing.post("/login", data={"name": OWN, "password": f"wrong {n}"}).status_code
            for n in range(MOST_FAILURES + 1)
        ]
        assert said == [401] * MOST_FAILURES + [429]
        assert guessing.post("/login", data={"name": NAME, "password": PASSWORD}).status_code == 429
        assert other.post("/login", data={"name": NAME, "password": PASSWORD}).status_code == 303


def test_plain_http_leads_to_tls_and_other_names_lead_nowhere(deployed: Deployed) -> None:
    plain = httpx.get(f"http://127.0.0.1:{deployed.plain}/map?town=1", headers={"Host": HOST})
    assert (plain.status_code, plain.headers["location"]) == (301, f"https://{HOST}/map?town=1")
    with deployed.visitor() as visitor:
        assert visitor.get("/healthz", headers={"Host": "evil.example"}).status_code == 400
        assert visitor.post("/login", content=b"x" * 3_000_000).status_code == 413
