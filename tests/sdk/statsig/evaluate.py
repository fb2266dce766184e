"""Evaluates config specs with Statsig's own Python SDK, given by a data store and without a network."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from statsig_python_core import DataStore, DataStoreResponse, ExperimentEvaluationOptions, Statsig, StatsigOptions, StatsigUser

from protocol import serve

QUIET = ExperimentEvaluationOptions(disable_exposure_logging=True)


class Fixed(DataStore):
    """Holds one document."""

    def __init__(self, document):
        super().__init__()
        self.document = document

    def get(self, key):
        return DataStoreResponse(result=self.document, time=1)


def open_document(document, flags, at):
    options = StatsigOptions(
        data_store=Fixed(document),
        disable_all_logging=True,
        disable_country_lookup=True,
        disable_network=True,
        # The SDK writes to standard output, which holds the answers.
        output_log_level="none",
    )
    client = Statsig("secret-offline", options)
    client.initialize().wait()

    def unit(context):
        custom = dict(context)
        # The SDK takes text alone for an id. Units that are no user are custom IDs, under the attribute's name.
        user_id, guest_id = custom.pop("user_id", None), custom.pop("guest_id", None)
        user = StatsigUser(
            user_id=user_id if isinstance(user_id, str) else "",
            custom_ids={"guest_id": guest_id} if isinstance(guest_id, str) else {},
            custom=custom,
        )

        def evaluate(key, unit):
            answer = client.get_experiment(user, key, QUIET)
            if not answer.details.reason.endswith(":Recognized"):
                return f"!{answer.details.reason}", None
            if answer.rule_id.endswith("_override"):
                return f"force:{answer.group_name}", answer.value
            return answer.group_name or "off", answer.value

        return evaluate

    return unit


serve(open_document)
