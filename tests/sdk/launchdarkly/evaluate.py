"""Evaluates flag files with LaunchDarkly's own Python SDK: a file data source, and no connection."""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ldclient import Config, Context, LDClient
from ldclient.integrations import Files

from protocol import serve


def open_document(document, flags, at):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flags.json"
        path.write_text(document, encoding="utf-8")
        source = Files.new_data_source(paths=[str(path)])
        config = Config("no-key", update_processor_class=source, send_events=False, diagnostic_opt_out=True)
        client = LDClient(config, start_wait=30)
    if not client.is_initialized():
        raise RuntimeError("the SDK has not read the document")
    content = json.loads(document)
    known = {}
    for flag in content["flags"].values():
        # The kind of the unit, and what an application serves to units without an id, who have no context.
        clauses = [clause for rule in flag["rules"] for clause in rule["clauses"]]
        kinds = [one["contextKind"] for one in clauses + flag["contextTargets"]]
        known[flag["key"]] = ((kinds or ["user"])[0], flag["variations"][0])
    fallback = {"variant": "!default", "payload": None}

    def unit(attributes):
        contexts = {}

        def evaluate(key, unit):
            kind, off = known[key]
            key_of_unit = attributes.get(unit)
            if not isinstance(key_of_unit, str) or key_of_unit == "":
                return "off", off["payload"]
            if (kind, unit) not in contexts:
                rest = {name: value for name, value in attributes.items() if name != unit}
                contexts[kind, unit] = Context.from_dict({**rest, "kind": kind, "key": key_of_unit})
            answer = client.variation_detail(key, contexts[kind, unit], fallback)
            if answer.reason["kind"] == "ERROR":
                return f"!{answer.reason['errorKind']}", None
            forced = "force:" if answer.reason["kind"] == "TARGET_MATCH" else ""
            return forced + answer.value["variant"], answer.value["payload"]

        return evaluate

    return unit


serve(open_document)
