"""Does the list of what the product is made of tell the truth about the lock?"""

from __future__ import annotations

import json
import re

from docs.make_sbom import LOCK, SBOM, components, sbom

KNOWN = json.loads(SBOM.read_text(encoding="utf-8"))


def test_t15_the_list_is_the_lock() -> None:
    """After `make lock`, run `make sbom`."""
    wanted = components(LOCK.read_text(encoding="utf-8"))
    assert [(c["purl"], c["hashes"]) for c in KNOWN["components"]] == [(c["purl"], c["hashes"]) for c in wanted]
    assert len(wanted) == len(re.findall(r"^[^\s#].*==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))


def test_t15_every_package_has_hashes_and_all_but_foreign_ones_a_licence() -> None:
    for part in KNOWN["components"]:
        assert part["hashes"] and all(re.fullmatch("[0-9a-f]{64}", h["content"]) for h in part["hashes"]), part["name"]
        assert part.get("licenses") or part.get("scope") == "optional", part["name"]


def test_the_same_lock_makes_the_same_list() -> None:
    lock = 'a-b[x]==1.0 ; sys_platform == "win32" \\\n    --hash=sha256:' + "0" * 64 + "\n"
    (part,) = sbom(lock)["components"]
    assert sbom(lock) == sbom(lock)
    assert (part["purl"], part["scope"], len(part["hashes"])) == ("pkg:pypi/a-b@1.0", "optional", 1)
    assert part["properties"] == [{"name": "yiping:marker", "value": 'sys_platform == "win32"'}]
