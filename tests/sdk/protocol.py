"""What every driver of a Python SDK shares: reading jobs, counting outcomes, writing answers.

python <driver>.py < input > output
input:  { contexts: [...], jobs: [{ document: "<text>", flags: [{ key, unit }], at: <epoch seconds or null> }] }
output: [{ flags: { <key>: { outcomes: [{ variant, value }], served: [<index into outcomes> per context] } } }]

A driver calls `serve(open_document)`, where
  open_document(document, flags, at)  loads a document into a client
    -> (context)                      makes a unit known to it
    -> (key, unit)                    evaluates one flag
    -> (variant, value)               the variant's name, `force:<name>` where a forced unit can be told apart,
                                      `off` for everybody else, and what the SDK returned as payload.
`time.time` gives `at` while a job with a moment runs. What the SDK logs at WARNING or above ends the run, but for
records that the driver's `tolerates` lets pass: complaints about the values of a unit, never about a document. An
evaluation that ends in an error is the variant `!<code>`.
"""

import json
import logging
import multiprocessing
import os
import sys
import time
import warnings


class Complaint(logging.Handler):
    """Ends the run at the first warning."""

    def __init__(self, tolerates):
        super().__init__(logging.WARNING)
        self.tolerates = tolerates

    def emit(self, record):
        if self.tolerates(record):
            return
        raise RuntimeError(f"the SDK complains: {record.getMessage()}")

    def handleError(self, record):
        raise


class Outcomes:
    """The different outcomes of a flag. A value is printed once where the SDK gives the same object again."""

    def __init__(self):
        self.texts = []
        self.known = {}
        self.served = []

    def add(self, variant, value):
        seen = self.known.get(variant)
        if seen is None:
            seen = self.known[variant] = [None, -1, {}]
        if seen[1] < 0 or seen[0] is not value:
            text = json.dumps(value)
            index = seen[2].get(text)
            if index is None:
                index = seen[2][text] = len(self.texts)
                self.texts.append(f'{{"variant":{json.dumps(variant)},"value":{text}}}')
            # Holding the value keeps another from taking its identity.
            seen[0], seen[1] = value, index
        self.served.append(seen[1])

    def text(self):
        return f'{{"outcomes":[{",".join(self.texts)}],"served":[{",".join(map(str, self.served))}]}}'


def serve(open_document, tolerates=lambda record: False, processes=1):
    """Answers all jobs; an SDK that is slow shares their flags between processes, where there is `fork`."""
    given = json.load(sys.stdin.buffer)
    logging.basicConfig(handlers=[Complaint(tolerates)], level=logging.WARNING, force=True)
    warnings.simplefilter("error")
    tasks = []
    for job in given["jobs"]:
        shares = [job["flags"][n::processes] for n in range(processes)]
        tasks.append([(open_document, given["contexts"], job, flags) for flags in shares if flags or flags is shares[0]])
    flat = [task for of_job in tasks for task in of_job]
    if processes == 1 or not hasattr(os, "fork"):
        done = iter([run(*task) for task in flat])
    else:
        # Children inherit the tasks; only their numbers are sent.
        global inherited
        inherited = flat
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            done = iter(pool.map(run_inherited, range(len(flat)), chunksize=1))
    answers = []
    for of_job in tasks:
        entries = [entry for _ in of_job for entry in next(done)]
        answers.append(f'{{"flags":{{{",".join(entries)}}}}}')
    sys.stdout.write(f"[{','.join(answers)}]")
    sys.stdout.flush()


def run_inherited(number):
    return run(*inherited[number])


def run(open_document, contexts, job, flags):
    """What some flags of one job give."""
    at = job.get("at")
    clock = time.time
    if at is not None:
        time.time = lambda: float(at)
    try:
        make = open_document(job["document"], flags, at)
        watched = [(flag["key"], flag["unit"], Outcomes()) for flag in flags]
        for context in contexts:
            evaluate = make(context)
            for key, unit, outcomes in watched:
                outcomes.add(*evaluate(key, unit))
        return [f"{json.dumps(key)}:{outcomes.text()}" for key, _, outcomes in watched]
    finally:
        time.time = clock
