"""How the server describes itself: the shapes of its answers, and the requests made from a forecaster's schema."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from lstm_tutorial.workflow.messages import Forecast, Messages, Problem

ABOUT = """Forecasts of {target}, {horizon} steps ahead.

Send the last {reach} rows or more, oldest first; `/schema` tells what is in a row. If values arrive one by one, open a
session and send only what is new. An answer with a status of 400 or more says in `detail` what was wrong."""
TAGS = {"forecast": "forecasts", "sessions": "sessions"}
_PROBLEMS = {
    400: "The body is not JSON.",
    401: "The token is missing or wrong.",
    404: "No such session, or no sessions at all.",
    408: "The body took too long to arrive.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "The body is JSON, but not what was wanted.",
    429: "Too much at the same time.",
}
BODY = (400, 408, 413, 415, 422)  # what may be wrong with any body


class About(BaseModel):
    """What the forecaster wants and gives, and how much of it. With `sessions` limited to 0 none can be opened."""

    target: str
    features: list[str]
    known: list[str]
    unit: str
    step: str | None
    season: int | None
    timezone: str | None
    timesteps: int
    reach: int
    horizon: int
    levels: list[float]
    fingerprint: str
    settings: dict[str, Any]
    limits: dict[str, float]


class Health(BaseModel):
    """That the server works."""

    status: str


class SessionState(BaseModel):
    """How many rows a session keeps, the last one's time, and the seconds until it is forgotten if nobody uses it."""

    id: str
    rows: int
    last: str | None
    expires_in: float


class Opened(SessionState):
    """A new session, and the forecast from its first rows."""

    forecast: Forecast


def describe(
    answer: type[BaseModel] | None, *problems: int, body: str | None = None, status: int = 200
) -> dict[str, Any]:
    """What FastAPI should write of a route: its answer, what may go wrong, the name of the shape of its body."""
    responses: dict[int | str, dict[str, Any]] = {
        code: {"model": Problem, "description": _PROBLEMS[code]} for code in sorted({401, 429, *problems})
    }
    if answer is not None:
        responses[status] = {"model": answer}
    described: dict[str, Any] = {"status_code": status, "responses": responses, "response_model": None}
    if body is not None:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{body}"}}}
        described["openapi_extra"] = {"requestBody": {"required": True, "content": content}}
    return described


def complete(app: FastAPI, messages: Messages, token: bool) -> None:
    """Add the shapes and examples of requests, and the token, to the document that FastAPI made and keeps."""
    document = app.openapi()
    shapes = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["summary"] = operation.pop("description").removesuffix(".")
            operation["tags"] = [TAGS.get(path.split("/")[1], "server")]
            # FastAPI believes that a path's parameter may be wrong in form; any text is right.
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for unused in ("HTTPValidationError", "ValidationError"):
        shapes.pop(unused, None)
    for field, adapter in messages.adapters.items():
        shape = adapter.json_schema(ref_template="#/components/schemas/{model}")
        shapes.update(shape.pop("$defs", {}))
        shapes[shape["title"]] = shape | {"examples": [messages.example(field)]}
    if token:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        document["paths"]["/health"]["get"]["security"] = []
