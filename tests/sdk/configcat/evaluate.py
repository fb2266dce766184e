"""Evaluates a config with ConfigCat's own Python SDK, from a local file."""

import json
import logging
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from configcatclient import ConfigCatClient, ConfigCatOptions
from configcatclient.localfiledatasource import LocalFileFlagOverrides
from configcatclient.overridedatasource import OverrideBehaviour
from configcatclient.pollingmode import PollingMode
from configcatclient.user import User

from protocol import serve

# Warnings tell of each attribute that a unit does not have; errors are told by the evaluation.
logging.getLogger("configcat").setLevel(logging.CRITICAL)


# The SDK asks for the time of its file at each evaluation.
FOLDER = tempfile.TemporaryDirectory()


def open_document(document, flags, at):
    ConfigCatClient.close_all()
    path = Path(FOLDER.name) / "config_v6.json"
    path.write_text(document, encoding="utf-8")
    overrides = LocalFileFlagOverrides(str(path), OverrideBehaviour.LocalOnly)
    options = ConfigCatOptions(polling_mode=PollingMode.manual_poll(), flag_overrides=overrides, offline=True)
    client = ConfigCatClient.get("localhost", options)

    def unit(context):
        custom = dict(context)
        user_id = custom.pop("user_id", None)
        user = User(user_id if isinstance(user_id, str) else "", custom=custom)

        def evaluate(key, unit):
            answer = client.get_value_details(key, None, user)
            if answer.is_default_value:
                return "!error", None
            value = json.loads(answer.value)
            return value["variant"], value["payload"]

        return evaluate

    return unit


serve(open_document)
