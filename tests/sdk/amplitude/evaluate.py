"""Evaluates flags with Amplitude's own Python SDK, locally."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from amplitude_experiment import Experiment, LocalEvaluationConfig, User, Variant
from amplitude_experiment.evaluation.types import EvaluationFlag

from protocol import serve

# The SDK prints all flags for each unit, for a log that nobody reads.
for printed in (EvaluationFlag, Variant):
    printed.__repr__ = printed.__str__ = lambda self: self.key
User.__str__ = User.__repr__ = lambda self: "user"

# Fields of a user; everything else is a user property.
FIELDS = {
    "carrier",
    "city",
    "country",
    "device_brand",
    "device_id",
    "device_manufacturer",
    "device_model",
    "dma",
    "ip_address",
    "language",
    "library",
    "os",
    "platform",
    "region",
    "user_id",
    "version",
}


def open_document(document, flags, at):
    client = Experiment.initialize_local("local", LocalEvaluationConfig())
    for flag in json.loads(document).values():
        client.flag_config_storage.put_flag_config(EvaluationFlag.from_dict(flag))
    keys = {flag["key"] for flag in flags}

    def unit(context):
        fields = {name: value for name, value in context.items() if name in FIELDS}
        properties = {name: value for name, value in context.items() if name not in FIELDS}
        variants = client.evaluate_v2(User(user_properties=properties, **fields), keys)

        def evaluate(key, unit):
            variant = variants.get(key)
            if variant is None:
                return "!nothing", None
            forced = variant.metadata.get("segmentName", "").startswith("force/")
            return (f"force:{variant.key}" if forced else variant.key), variant.payload

        return evaluate

    return unit


serve(open_document)
