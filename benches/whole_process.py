#!/usr/bin/env python3
"""Whole-process figures of `expc check` and `expc diff`, and of `taplo lint` with our schema on the same files.

    cargo build --release && python3 benches/whole_process.py [--specs 10000] [--runs 7]

Needs nothing but Python 3.10 and cargo; taplo comes from tests/sdk/python/requirements.txt into target/sdk/python-bench.
Prints the machine, each figure as the best and the median of its runs, and the ratios of this run. Files are read
once before the first measurement, so that what is compared is the programs and not the disk. For `expc diff` and
`--against` the workspace is a git repository in which a branch changes 20 specs.
"""

import argparse
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
TODAY = "2026-11-22"


def run(command, cwd, codes):
    """Seconds and peak memory in MB of one run; its exit code must be one of `codes`."""
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code not in codes:
        sys.exit(f"{command} ended with {code}")
    child.returncode = code
    scale = 1 if platform.system() == "Darwin" else 1024
    return seconds, usage.ru_maxrss * scale / 1e6, usage.ru_utime + usage.ru_stime


def measure(name, command, cwd, codes, runs):
    run(command, cwd, codes)
    figures = [run(command, cwd, codes) for _ in range(runs)]
    seconds = [figure[0] for figure in figures]
    memory = max(figure[1] for figure in figures)
    busy = min(figure[2] for figure in figures)
    print(f"{name:56} best {min(seconds) * 1e3:8.1f} ms   median {statistics.median(seconds) * 1e3:8.1f} ms   processors {busy * 1e3:8.1f} ms   peak {memory:6.1f} MB")
    return min(seconds)


def taplo():
    home = TARGET / "sdk" / "python-bench"
    program = home / "bin" / "taplo"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        lock = ROOT / "tests" / "sdk" / "python" / "requirements.txt"
        pip = [home / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", lock], check=True)
    return program


def generate(specs):
    folder = TARGET / "bench" / str(specs)
    shutil.rmtree(folder, ignore_errors=True)
    command = ["cargo", "bench", "-q", "--profile", "dev", "--bench", "workspace", "--", "--generate", str(specs), str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder


def branch(folder, changed=20):
    """Makes the workspace a repository whose branch changes some specs: every other one its share, the rest its MDE."""
    def git(*words):
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0"]
        subprocess.run(["git", *identity, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "base")
    git("checkout", "-q", "-b", "change")
    specs = sorted((folder / "experiments").rglob("*.toml"))
    edits = [('share = "5%"\n', 'share = "4%"\n'), ('relative = "4%"', 'relative = "3.5%"')]
    for number, path in enumerate(specs[7 :: max(1, len(specs) // changed)][:changed]):
        path.write_text(path.read_text().replace(*edits[number % 2], 1))
    git("commit", "-q", "-a", "-m", f"{changed} specs")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--specs", type=int, default=10_000)
    arguments.add_argument("--runs", type=int, default=7)
    arguments.add_argument("--without-taplo", action="store_true")
    given = arguments.parse_args()
    expc = TARGET / "release" / "expc"
    one, many = generate(1), generate(given.specs)
    lines = sum(path.read_text().count("\n") for path in many.glob("experiments/**/*.toml"))
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{given.specs} specs of {lines / given.specs:.0f} lines; best and median of {given.runs} runs\n")
    check = [expc, "check", "--today", TODAY, "--format", "concise"]
    measure("expc --version", [expc, "--version"], one, [0], given.runs)
    measure("expc check, workspace of 1 spec", check, one, [0, 1], given.runs * 3)
    all_cores = measure(f"expc check, {given.specs} specs, all rules, all cores", check, many, [0, 1], given.runs)
    measure(f"expc check, {given.specs} specs, --jobs 1", [*check, "--jobs", "1"], many, [0, 1], given.runs)
    measure(f"expc check, {given.specs} specs, --format json", [*check[:-1], "json"], many, [0, 1], given.runs)
    branch(many)
    measure(f"expc diff main, {given.specs} specs, 20 changed", [expc, "diff", "main"], many, [0], given.runs)
    measure(f"expc check --against main, {given.specs} specs, 20 changed", [*check, "--against", "main"], many, [0, 1], given.runs)
    if given.without_taplo:
        return
    program = taplo()
    config = many / "taplo.toml"
    schema = (ROOT / "schema" / "experiment.schema.json").as_uri()
    config.write_text(f'include = ["experiments/**/*.toml"]\n[schema]\nenabled = true\npath = "{schema}"\n')
    other = measure(f"taplo lint with our schema, {given.specs} specs", [program, "lint", "--config", config], many, [0, 1], max(2, given.runs // 3))
    print(f"\ntaplo lint takes {other / all_cores:.1f} times as long as expc check")


if __name__ == "__main__":
    main()
