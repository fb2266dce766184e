"""Evaluates documents with Split's own Python SDK, in localhost mode."""

import json
import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from splitio import get_factory

from protocol import serve


opened = []


def open_document(document, flags, at):
    # How the SDK starts its threads is deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    while opened:
        opened.pop().destroy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "splits.json"
        path.write_text(document, encoding="utf-8")
        config = {"splitFile": str(path), "localhostRefreshEnabled": False, "impressionsMode": "NONE"}
        factory = get_factory("localhost", config=config)
        factory.block_until_ready(60)
        opened.append(factory)
    client = factory.client()
    # What an application serves to units without an id, whom the SDK does not evaluate.
    outside = {flag["name"]: flag["configurations"].get("off") for flag in json.loads(document)["ff"]["d"]}
    values = {}

    def parsed(text):
        if text not in values:
            values[text] = json.loads(text)
        return values[text]

    def unit(attributes):
        def evaluate(key, unit):
            key_of_unit = attributes.get(unit)
            if not isinstance(key_of_unit, str) or key_of_unit == "":
                return "off", parsed(outside[key])
            treatment, config = client.get_treatment_with_config(key_of_unit, key, attributes)
            if treatment == "control":
                return "!control", None
            return "control" if treatment == "baseline" else treatment, parsed(config)

        return evaluate

    return unit


# Matchers tell of values of other types than theirs.
serve(open_document, tolerates=lambda record: record.name.startswith("splitio.models.grammar.matchers"))
