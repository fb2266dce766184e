"""Evaluates flag files with flagd's own Python evaluator of generation B."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

from protocol import serve


def open_document(document, flags, at):
    core = FlagdCore()
    core.set_flags(document)
    fallback = {"code": "default"}

    def unit(context):
        known = EvaluationContext(None, context)

        def evaluate(key, unit):
            try:
                answer = core.resolve_object_value(key, fallback, known)
            except OpenFeatureError as error:
                return f"!{error.error_code.value}", fallback
            except (TypeError, ValueError, AttributeError) as error:
                return f"!{type(error).__name__}", fallback
            return answer.variant or f"!{answer.reason}", answer.value

        return evaluate

    return unit


# It complains of every value that is no version.
serve(open_document, tolerates=lambda record: "is not valid SemVer" in record.getMessage())
