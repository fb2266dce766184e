"""Evaluates a server template with Firebase's own Admin SDK for Python. It asks no server for it."""

import json
import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import firebase_admin
from firebase_admin import credentials, remote_config
from google.auth.credentials import AnonymousCredentials

from protocol import serve


class Anonymous(credentials.Base):
    def get_credential(self):
        return AnonymousCredentials()


APP = firebase_admin.initialize_app(Anonymous(), {"projectId": "offline"})
# Warnings tell of each context without a unit, and of each text that is no number.
logging.getLogger("firebase_admin.remote_config").setLevel(logging.ERROR)


def signals(context):
    """Custom signals are text, and are left out where a unit has none. Lists and objects cannot be given."""
    given = {}
    for name, value in context.items():
        if isinstance(value, bool):
            given[name] = "true" if value else "false"
        elif isinstance(value, (str, int, float)):
            given[name] = str(value)
    return given


def template_of(whole, keys):
    """An application evaluates the flags of each unit with a context of that unit. To spare what nobody asks for, it
    loads the conditions and parameters of those flags alone, in their order."""
    starts = tuple(f"{key}: " for key in keys)
    names = [key.replace("-", "_") for key in keys]
    own = {
        "etag": whole["etag"],
        "conditions": [one for one in whole["conditions"] if one["name"].startswith(starts)],
        "parameters": {name: whole["parameters"][name] for name in names},
    }
    return remote_config.init_server_template(app=APP, template_data_json=json.dumps(own))


def open_document(document, flags, at):
    whole = json.loads(document)
    units = {flag["unit"] for flag in flags}
    keys = {unit: [flag["key"] for flag in flags if flag["unit"] == unit] for unit in units}
    templates = {unit: template_of(whole, keys[unit]) for unit in units}

    def unit(context):
        given = signals(context)
        evaluated = {}

        def evaluate(key, unit):
            config = evaluated.get(unit)
            if config is None:
                identifier = context.get(unit)
                ids = {"randomization_id": identifier} if isinstance(identifier, str) else {}
                config = evaluated[unit] = templates[unit].evaluate({**given, **ids})
            name = key.replace("-", "_")
            if config.get_value_source(name) != "remote":
                return f"!{config.get_value_source(name)}", None
            value = json.loads(config.get_string(name))
            return value["variant"], value["payload"]

        return evaluate

    return unit


serve(open_document)
