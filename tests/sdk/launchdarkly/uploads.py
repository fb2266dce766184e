"""Judges request bodies by the models of LaunchDarkly's own API client.

python uploads.py < { jobs: [{ document }] } > [[complaint]]
The models leave out what they do not know: a body must come back from them as it went in.
"""

import json
import sys

from launchdarkly_api import models


def typed(model, body):
    """What comes back of a body, by a model."""
    back = model.from_dict(body).to_dict()
    return [] if back == body else [f"{model.__name__} keeps {json.dumps(back)} of {json.dumps(body)}"]


def each(model, bodies):
    return [complaint for body in bodies for complaint in typed(model, body)]


def value_of(path, value):
    """The model of a part of a flag or segment that a JSON patch replaces."""
    if path == "/rules":
        return each(models.UserSegmentRule, value)
    part = path.rsplit("/", 1)[-1]
    if part in ("targets", "contextTargets"):
        return each(models.Target, value)
    if part == "rules":
        return each(models.Rule, value)
    if part == "fallthrough":
        return typed(models.VariationOrRolloutRep, value)
    if part == "offVariation":
        return [] if type(value) is int else ["offVariation is no index"]
    return [] if part == "on" and type(value) is bool else [f"unknown path {path}"]


def patch(body):
    complaints = typed(models.PatchWithComment, body)
    for operation in body["patch"]:
        complaints += value_of(operation["path"], operation["value"])
    return complaints


def judged(body):
    if isinstance(body, list):
        return [
            complaint
            for segment in body
            for complaint in typed(models.SegmentBody, segment["create"]) + patch(segment["patch"])
        ]
    if "instructions" in body:
        # A semantic patch: the client types its instructions as any objects.
        kinds = [instruction["kind"] for instruction in body["instructions"]]
        return [] if kinds == ["turnFlagOff"] else [f"unknown instructions {kinds}"]
    return patch(body) if "patch" in body else typed(models.FeatureFlagBody, body)


verdicts = []
for job in json.load(sys.stdin.buffer)["jobs"]:
    try:
        verdicts.append(judged(json.loads(job["document"])))
    except (ValueError, KeyError, TypeError, AttributeError) as refusal:
        verdicts.append([f"{type(refusal).__name__}: {refusal}"])
json.dump(verdicts, sys.stdout)
