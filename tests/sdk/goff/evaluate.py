"""Evaluates flag files with the engine in GO Feature Flag's own Python provider.

The provider asks a relay proxy for its flags; `EvaluateWasm` is the part of it that evaluates. It is given the whole
flag with every unit and takes most of its time to read that, so units are evaluated with the names of the variations as
their values, without attributes that the flag does not name; each variation's own value is read once.
"""

import datetime
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gofeatureflag_python_provider.wasm import EvaluateWasm

from protocol import serve


class Engine:
    """One instance of the module. `EvaluateWasm.evaluate` checks types that are known here."""

    def __init__(self):
        evaluator = EvaluateWasm(pool_size=1)
        evaluator.initialize()
        self.store, self.memory, self.malloc, self.free, self.run = evaluator._pool.get()
        self.evaluator = evaluator

    def ask(self, question):
        text = question.encode() + b"\0"
        at = self.malloc(self.store, len(text))
        self.memory.write(self.store, text, at)
        answer = self.run(self.store, at, len(text) - 1)
        start, length = (answer >> 32) & 0xFFFFFFFF, answer & 0xFFFFFFFF
        said = json.loads(bytes(self.memory.read(self.store, start, start + length)))
        self.free(self.store, at)
        return said


class Flag:
    def __init__(self, engine, key, flag, at):
        self.engine, self.key, self.values = engine, json.dumps(key), {}
        self.whole = json.dumps(flag)
        self.small = json.dumps({**flag, "variations": {name: name for name in flag["variations"]}})
        # The application's own default is what `off` returns.
        self.default = flag["variations"]["off"]
        self.now = None
        if at is not None:
            moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
            self.now = {"currentDateTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def ask(self, flag, context, default):
        given = {name: value for name, value in context.items() if name in self.small}
        if self.now:
            given["gofeatureflag"] = self.now
        return self.engine.ask(
            f'{{"flagKey":{self.key},"flag":{flag},"evalContext":{json.dumps(given)},'
            f'"flagContext":{{"defaultSdkValue":{json.dumps(default)}}}}}'
        )

    def evaluate(self, context, unit):
        answer = self.ask(self.small, context, "")
        variation = answer["variationType"]
        if answer["errorCode"]:
            # An application without an id gets what it says itself; where the id is the key, there is nothing to fail.
            nobody = answer["errorCode"] == "TARGETING_KEY_MISSING" and unit != "targetingKey"
            return "off" if nobody else f"!{answer['errorCode']}: {answer.get('errorDetails')}", self.default
        if variation not in self.values:
            self.values[variation] = self.ask(self.whole, context, None)["value"]
        if variation.endswith("!off"):
            return "off", self.values[variation]
        forced = answer.get("metadata", {}).get("evaluatedRuleName", "").startswith("force/")
        return f"force:{variation}" if forced else variation, self.values[variation]


engine = None


def open_document(document, flags, at):
    global engine
    engine = engine or Engine()
    known = json.loads(document)
    asked = {flag["key"]: Flag(engine, flag["key"], known[flag["key"]], at) for flag in flags}

    def unit(context):
        return lambda key, unit: asked[key].evaluate(context, unit)

    return unit


serve(open_document, processes=4)
