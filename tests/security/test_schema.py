"""Does the API do as it describes itself? Schemathesis asks every operation, rightly and wrongly, behind the gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from dashboard.api import FILTER_KEYS

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
BASE = "http://localhost/api/v1"
NEEDS_MORE = {"GET /density.png", "POST /views"}
"""Heat that is dense enough to show, and the path of a page; what has a part needs the number of something made."""
RULES = SchemathesisConfig.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": [400, 403, 404, 413, 415]}}}
)
REPEATABLE = settings(
    max_examples=8,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Asked:
    """What a program was answered: how often with which status, and what was not as described."""

    program: TestClient
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def all_of(self, described: Mapping[str, Any], *modes: GenerationMode) -> None:
        """Ask every operation, some times in each way."""
        for result in schemathesis.openapi.from_dict(described, config=RULES).get_all_operations():
            operation = result.ok()
            takes_something = any(operation.iter_parameters()) or bool(operation.body)
            for mode in modes if takes_something else [GenerationMode.POSITIVE]:
                REPEATABLE(given(case=operation.as_strategy(mode))(self.one))()

    def one(self, case: Any) -> None:
        """Send one request and hold the answer against the description."""
        said = case.as_transport_kwargs(base_url=BASE)
        content = said.pop("data", None)
        answer = self.program.request(**said, **({} if content is None else {"content": content}))
        self.statuses[case.operation.label, answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failures:
            asked = f"{said['method']} {answer.request.url}"
            self.wrong += [f"{asked}: {answer.status_code} {failure}" for failure in failures.exceptions]


def without_filters(described: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same without filters: only the county knows their values, and others hide what else is wrong or right."""
    for methods in described["paths"].values():
        for operation in methods.values():
            kept = [one for one in operation.get("parameters", []) if one["name"] not in FILTER_KEYS]
            operation["parameters"] = kept
    return described


def with_a_purpose(described: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same with a purpose that is one, wherever one may be given: without it no file is handed out."""
    for methods in described["paths"].values():
        for operation in methods.values():
            for one in operation["parameters"]:
                if one["name"] == "purpose":
                    one |= {"required": True, "schema": {"type": "string", "enum": ["核对"]}}
    return described


def test_the_api_answers_as_it_describes_itself(program: TestClient) -> None:
    asked = Asked(program)

    def described() -> Any:
        return program.get("/api/v1/openapi.json").json()

    asked.all_of(described(), GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    asked.all_of(without_filters(described()), GenerationMode.NEGATIVE)
    asked.all_of(with_a_purpose(without_filters(described())), GenerationMode.POSITIVE)
    assert asked.wrong == [], "\n".join(asked.wrong)
    answered = {label for label, status in asked.statuses if status < 300}
    refused = {label for label, _ in asked.statuses} - answered
    assert {label for label in refused if "{" not in label} <= NEEDS_MORE, "or the answers above were refusals only"
