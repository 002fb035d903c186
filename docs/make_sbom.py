"""What is the product made of? `make sbom` writes docs/sbom.json (CycloneDX 1.6) from requirements.lock, offline.

Names, versions and hashes come from the lock; licences from the packages as they are installed here.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK, SBOM = ROOT / "requirements.lock", ROOT / "docs" / "sbom.json"
ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\\n]+))?", re.M
)


def components(lock: str) -> list[dict[str, Any]]:
    """One component per package of a lock, in its order."""
    starts = [*ENTRY.finditer(lock)]
    ends = [*(found.start() for found in starts[1:]), len(lock)]
    return [_component(found, lock[found.end() : end]) for found, end in zip(starts, ends, strict=True)]


def _component(found: re.Match[str], rest: str) -> dict[str, Any]:
    name, version = found["name"], found["version"]
    purl = f"pkg:pypi/{re.sub('[-_.]+', '-', name).lower()}@{version}"
    said: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    said["hashes"] = [{"alg": "SHA-256", "content": digest} for digest in re.findall(r"sha256:([0-9a-f]{64})", rest)]
    if found["marker"]:
        said["scope"] = "optional"
        said["properties"] = [{"name": "yiping:marker", "value": found["marker"].strip()}]
    licence = _licence(name)
    return said | ({"licenses": [licence]} if licence else {})


def _licence(name: str) -> dict[str, Any] | None:
    """The licence of an installed package: its SPDX expression, or the first line of what it says; none if unknown."""
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    expression = said.get("License-Expression")
    if expression:
        return {"expression": expression}
    classified = [line.rpartition(" :: ")[2] for line in said.get_all("Classifier") or [] if line.startswith("License")]
    plain = (said.get("License") or "").strip().partition("\n")[0][:80] or "、".join(classified)
    return {"license": {"name": plain}} if plain else None


def sbom(lock: str) -> dict[str, Any]:
    """The whole document; the same for the same lock."""
    found = components(lock)
    number = uuid.uuid5(uuid.NAMESPACE_URL, "yiping:" + " ".join(part["purl"] for part in found))
    product = {
        "type": "application",
        "bom-ref": "yiping",
        "name": "yiping",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{number}",
        "version": 1,
        "metadata": {"component": product},
        "components": found,
    }


if __name__ == "__main__":
    text = json.dumps(sbom(LOCK.read_text(encoding="utf-8")), ensure_ascii=False, indent=1)
    SBOM.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{SBOM.relative_to(ROOT)}: {text.count('bom-ref') - 1} packages\n")
