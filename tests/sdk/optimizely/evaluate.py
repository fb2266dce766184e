"""Evaluates datafiles with Optimizely's own Python SDK: a static datafile, and no events."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from optimizely import logger, optimizely
from optimizely.decision.optimizely_decide_option import OptimizelyDecideOption
from optimizely.error_handler import RaiseExceptionErrorHandler

from protocol import serve

OPTIONS = [OptimizelyDecideOption.DISABLE_DECISION_EVENT]


class NoEvents:
    """Nothing is sent."""

    @staticmethod
    def dispatch_event(event):
        raise RuntimeError("an event was sent")


def open_document(document, flags, at):
    client = optimizely.Optimizely(
        datafile=document,
        event_dispatcher=NoEvents,
        logger=logger.NoOpLogger(),
        error_handler=RaiseExceptionErrorHandler,
    )
    if not client.is_valid or client.config_manager.get_config() is None:
        raise RuntimeError("the SDK has not read the document")
    content = json.loads(document)
    experiments = {one["id"]: one for one in content["experiments"]}
    known = {}
    for flag in content["featureFlags"]:
        forced = {}
        for name in flag["experimentIds"]:
            forced.update(experiments[name]["forcedVariations"])
        known[flag["key"]] = (forced, json.loads(flag["variables"][0]["defaultValue"]))

    def unit(context):
        users = {}

        def evaluate(key, unit):
            forced, off = known[key]
            name = context.get(unit)
            # An application without an id has nobody to ask for.
            if not isinstance(name, str) or name == "":
                return "off", off
            if name not in users:
                users[name] = client.create_user_context(name, dict(context))
            decision = users[name].decide(key, OPTIONS)
            if decision.variation_key is None:
                return "!" + ";".join(decision.reasons), None
            is_forced = forced.get(name) == decision.variation_key
            return ("force:" if is_forced else "") + decision.variation_key, decision.variables["payload"]

        return evaluate

    return unit


# It tells of every value of another type than the condition's, and of every version that is none.
OF_A_UNIT = ("Audience condition ", "Attributes provided are in an invalid format")
serve(open_document, tolerates=lambda record: record.getMessage().startswith(OF_A_UNIT))
