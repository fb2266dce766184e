"""Times statsmodels on the designs of peers.rs: a line a design, name, nanoseconds, answer, by tabs."""

import time
import warnings

from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

warnings.simplefilter("ignore")


def timed(name, design):
    answer = design()
    best = float("inf")
    for _ in range(5):
        start, calls = time.perf_counter_ns(), 0
        while time.perf_counter_ns() - start < 100_000_000:
            design()
            calls += 1
        best = min(best, (time.perf_counter_ns() - start) / calls)
    print(f"{name}\t{best}\t{float(answer)!r}")


test = TTestIndPower()
timed("t test: control units", lambda: test.solve_power(effect_size=0.1, alpha=0.05, power=0.8, alternative="two-sided"))
timed("t test: power", lambda: test.power(effect_size=0.1, nobs1=1500, alpha=0.05, ratio=1, alternative="two-sided"))
timed("pooled rates: control units", lambda: samplesize_proportions_2indep_onetail(0.01, 0.1, 0.8, ratio=1, alpha=0.05))
