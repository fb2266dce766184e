"""Evaluates definitions with PostHog's own Python SDK, locally."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from posthog import Posthog

from protocol import serve


class Provider:
    def __init__(self, definitions):
        self.definitions = definitions

    def get_flag_definitions(self):
        return self.definitions

    def should_fetch_flag_definitions(self):
        return False

    def on_flag_definitions_received(self, data):
        pass

    def shutdown(self):
        pass


def open_document(document, flags, at):
    definitions = json.loads(document)
    client = Posthog(
        "phc_local",
        host="http://127.0.0.1:9",
        secret_key="phs_local",
        enable_local_evaluation=True,
        flag_definition_cache_provider=Provider(definitions),
        send=False,
    )
    client.load_feature_flags()
    keys = {}
    for flag in flags:
        keys.setdefault(flag["unit"], []).append(flag["key"])
    payloads, forced, ships = {}, {}, {}
    for flag in definitions["flags"]:
        filters = flag["filters"]
        for variant, text in filters.get("payloads", {}).items():
            payloads[flag["key"], variant] = (text, json.loads(text))
        ships[flag["key"]] = filters["groups"][-1].get("variant") != "off"
        for group in filters["groups"]:
            properties = group["properties"]
            if "variant" in group and properties and properties[0]["key"] == "distinct_id":
                forced.update(((flag["key"], one), group["variant"]) for one in properties[0]["value"])

    def unit(context):
        answers = {}
        for name, wanted in keys.items():
            subject = context.get(name)
            subject = subject if isinstance(subject, str) else ""
            answers[name] = subject, client.get_all_flags_and_payloads(
                subject, person_properties=context, only_evaluate_locally=True, flag_keys_to_evaluate=wanted
            )

        def evaluate(key, unit):
            subject, answer = answers[unit]
            if subject == "" and ships[key]:
                # The SDK in JavaScript takes no empty id: an application without one serves what `off` returns.
                return "off", payloads[key, "off"][1]
            variant = answer["featureFlags"].get(key)
            if not isinstance(variant, str):
                return f"!{variant}", None
            text, value = payloads[key, variant]
            assert answer["featureFlagPayloads"][key] == text, f"{key}: the payload of {variant} is another"
            return (f"force:{variant}" if forced.get((key, subject)) == variant else variant), value

        return evaluate

    return unit


serve(open_document)
