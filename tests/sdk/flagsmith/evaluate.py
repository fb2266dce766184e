"""Evaluates environment documents with Flagsmith's own Python SDK, offline."""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flagsmith import Flagsmith

from protocol import serve

FORCED = re.compile(r"TARGETING_MATCH; segment=.*/force/")


class Document:
    def __init__(self, environment):
        self.environment = environment

    def get_environment(self):
        return self.environment


def open_document(document, flags, at):
    parsed = json.loads(document)
    wanted = {flag["key"] for flag in flags}
    # What is not asked is not evaluated: every question answers all flags.
    parsed["feature_states"] = [one for one in parsed["feature_states"] if one["feature"]["name"] in wanted]
    for segment in parsed["project"]["segments"]:
        segment["feature_states"] = [one for one in segment["feature_states"] if one["feature"]["name"] in wanted]
    parsed["project"]["segments"] = [one for one in parsed["project"]["segments"] if one["feature_states"]]
    client = Flagsmith(offline_mode=True, offline_handler=Document(parsed))
    defaults = {one["feature"]["name"]: one["feature_state_value"] for one in parsed["feature_states"]}
    values = {}

    def read(text):
        if text not in values:
            values[text] = json.loads(text)
        return values[text]["variant"], values[text]["payload"]

    def unit(context):
        asked = {}
        # A table would be taken for a trait with settings.
        traits = {name: {"value": value} if isinstance(value, dict) else value for name, value in context.items()}

        def evaluate(key, name):
            identifier = context.get(name)
            # An application without an id serves the flag's own value.
            if identifier is None or identifier == "":
                return read(defaults[key])
            if name not in asked:
                asked[name] = client.get_identity_flags(str(identifier), traits)
            flag = asked[name].get_flag(key)
            if flag.is_default or not flag.enabled:
                return "!default", None
            variant, payload = read(flag.value)
            return f"force:{variant}" if FORCED.match(flag.reason) else variant, payload

        return evaluate

    return unit


serve(open_document, processes=4)
