"""Evaluates payloads with GrowthBook's own Python SDK."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from growthbook import GrowthBook

from protocol import serve


def variant(answer):
    if answer.source == "experiment":
        return answer.experimentResult.key
    if answer.source == "force":
        # `<experiment>/force/<variant>`; the variant may hold a slash.
        _, forced, name = answer.ruleId.rpartition("/force/")
        return f"force:{name}" if forced else "off"
    return "off" if answer.source == "defaultValue" else f"!{answer.source}"


def open_document(document, flags, at):
    client = GrowthBook()
    client.set_payload(json.loads(document))

    def unit(context):
        client.set_attributes(context)

        def evaluate(key, unit):
            answer = client.eval_feature(key)
            return variant(answer), answer.value

        return evaluate

    return unit


serve(open_document)
