"""Judges request bodies by the models of Datadog's own API client.

python uploads.py < { jobs: [{ document }] } > [[complaint]]
The models keep what they do not know, and mark values that they do not: both are complaints here.
"""

import json
import sys

from datadog_api_client import Configuration
from datadog_api_client.model_utils import ModelNormal, validate_and_convert_types
from datadog_api_client.v2.model.create_feature_flag_request import CreateFeatureFlagRequest
from datadog_api_client.v2.model.overwrite_allocations_request import OverwriteAllocationsRequest

CONFIGURATION = Configuration()


def unknown(value, at):
    """What a model has kept without knowing it."""
    if isinstance(value, list):
        return [complaint for n, item in enumerate(value) for complaint in unknown(item, f"{at}/{n}")]
    if not isinstance(value, ModelNormal):
        return [f"{at} is {value}"] if getattr(value, "_unparsed", False) else []
    complaints = [f"{at} is of no known form"] if getattr(value, "_unparsed", False) else []
    for name, part in value._data_store.items():
        if name not in value.openapi_types:
            complaints.append(f"{at} has an unknown {name}")
        complaints += unknown(part, f"{at}/{name}")
    return complaints


def judged(body):
    # A flag is one thing, its allocations are a list.
    model = OverwriteAllocationsRequest if isinstance(body["data"], list) else CreateFeatureFlagRequest
    try:
        typed = validate_and_convert_types(body, (model,), ["body"], True, True, CONFIGURATION)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    return unknown(typed, "")


print(json.dumps([judged(json.loads(job["document"])) for job in json.load(sys.stdin.buffer)["jobs"]]))
