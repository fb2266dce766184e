"""Evaluates documents with the engine that Unleash's Python SDK, and most of the others, wrap."""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from yggdrasil_engine.engine import UnleashEngine

from protocol import serve

# What the context has beside properties.
FIELDS = ("userId", "sessionId", "remoteAddress")


def open_document(document, flags, at):
    engine = UnleashEngine()
    refused = engine.take_state(document)
    if refused:
        raise RuntimeError(f"the engine refuses the document: {refused}")
    values = {}
    now = None if at is None else datetime.fromtimestamp(at, timezone.utc).isoformat()

    def parsed(payload):
        if payload is None:
            return None
        text = payload["value"]
        if payload["type"] != "json":
            return text
        if text not in values:
            values[text] = json.loads(text)
        return values[text]

    def unit(attributes):
        context = {name: value for name, value in attributes.items() if name in FIELDS}
        context["properties"] = {name: value for name, value in attributes.items() if name not in FIELDS}
        if now is not None:
            context["currentTime"] = now

        def evaluate(key, unit):
            answer = engine.check_variant(key, context).variant
            return (answer.name if answer.enabled else f"!{answer.name}"), parsed(answer.payload)

        return evaluate

    return unit


serve(open_document)
