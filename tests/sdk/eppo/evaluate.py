"""Evaluates configurations with Eppo's own Python SDK."""

import datetime
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import eppo_client
from eppo_client import AssignmentLogger, ClientConfig, Configuration

from protocol import serve


class Logger(AssignmentLogger):
    """Keeps the last assignment that is logged: enrolled units alone have one."""

    def __init__(self):
        self.last = None

    def log_assignment(self, event):
        self.last = event["variation"]


LOGGER = Logger()
EMPTY = json.dumps(
    {"createdAt": "1970-01-01T00:00:00.000Z", "format": "SERVER", "environment": {"name": "-"}, "flags": {}}
)
CLIENT = eppo_client.init(
    ClientConfig(
        api_key="offline",
        assignment_logger=LOGGER,
        is_graceful_mode=False,
        poll_interval_seconds=None,
        initial_configuration=Configuration(flags_configuration=EMPTY.encode()),
    )
)


def at_moment(document, at):
    """The SDK reads the clock of the machine, which a test cannot set: what is over goes to the past."""
    for flag in document["flags"].values():
        for allocation in flag["allocations"]:
            for key in ("startAt", "endAt"):
                if key in allocation:
                    when = datetime.datetime.fromisoformat(allocation[key].replace("Z", "+00:00")).timestamp()
                    is_over = when <= at if key == "startAt" else when < at
                    allocation[key] = "1971-01-01T00:00:00.000Z" if is_over else "2971-01-01T00:00:00.000Z"


def open_document(document, flags, at):
    parsed = json.loads(document)
    if at is not None:
        at_moment(parsed, at)
        document = json.dumps(parsed)
    CLIENT.set_configuration(Configuration(flags_configuration=document.encode()))
    known_of = {}
    for key, flag in parsed["flags"].items():
        forced = {}
        for allocation in flag["allocations"]:
            if "/force/" in allocation["key"]:
                for rule in allocation["rules"]:
                    forced.update((one, allocation["splits"][0]["variationKey"]) for one in rule["conditions"][0]["value"])
        logs = any(allocation["doLog"] for allocation in flag["allocations"])
        known_of[key] = (forced, logs, json.loads(flag["variations"]["off"]["value"]))
    seen = {}

    def unit(context):
        # The SDK takes text, numbers and booleans; it raises on the rest, as the page of its types says.
        attributes = {
            name: value for name, value in context.items() if value is None or isinstance(value, (str, int, float, bool))
        }

        def evaluate(key, unit):
            subject = context.get(unit)
            subject = subject if isinstance(subject, str) else ""
            forced, logs, off = known_of[key]
            if subject == "" and not logs:
                # The client in JavaScript refuses an empty subject key: an application without one serves its default.
                return "off", off
            LOGGER.last = None
            value = CLIENT.get_json_assignment(key, subject, attributes, "!default")
            variant = LOGGER.last
            if value == "!default":
                variant = value
            elif variant is None and (subject in forced or not logs):
                details = CLIENT.get_json_assignment_details(key, subject, attributes, "!default").evaluation_details
                variant = ("force:" if subject in forced else "") + details["variationKey"]
            elif variant is None:
                variant = "off"
            # Equal values are printed once.
            known = seen.setdefault((key, variant), value)
            return variant, known if known == value else value

        return evaluate

    return unit


serve(open_document)
