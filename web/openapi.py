"""The OpenAPI document: made of the table of routes, so that it cannot differ from them."""

import re
from typing import Any, Final

import msgspec

from tapewire.web.routes import ROUTES, Route

_NAMES: Final = re.compile(r"\{(\w+)\}")
_REFERENCE: Final = "#/components/schemas/{name}"
DENIALS: Final = {
    "401": "no valid token or session",
    "403": "another role is needed, or it comes from another site",
    "409": "it cannot be done now, or its confirmation is not valid",
    "429": "too many requests",
}


def document() -> dict[str, Any]:
    """All of it, JSON-able."""
    kinds = {route.takes for route in ROUTES}
    schemas, components = msgspec.json.schema_components(
        sorted(kinds, key=lambda kind: kind.__name__), ref_template=_REFERENCE
    )
    del schemas  # references alone: each is among the components
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tapewire web console",
            "version": "1",
            "description": (
                "Show the token of a role as `Authorization: Bearer TOKEN`. The tokens are in"
                " RUN_DIR/tokens/web.ROLE, for viewer, trader and admin."
            ),
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, components: dict[str, Any]) -> dict[str, Any]:
    responses = {code: {"description": why} for code, why in DENIALS.items()}
    found: dict[str, Any] = {
        "summary": route.about,
        "description": f"Needs the role {route.role}.",
        "parameters": [_in_path(name) for name in _NAMES.findall(route.path)],
        "responses": {"200": {"description": "JSON"}, **responses},
    }
    name = route.takes.__name__
    if route.method == "POST":
        content = {"application/json": {"schema": {"$ref": _REFERENCE.format(name=name)}}}
        found["requestBody"] = {"required": True, "content": content}
    else:
        schema = components[name]
        required = schema.get("required", ())
        found["parameters"] += [
            {"name": key, "in": "query", "required": key in required, "schema": of}
            for key, of in schema.get("properties", {}).items()
        ]
    return found


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
