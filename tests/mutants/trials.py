"""Runs test programs that hold every mutant: first which tests come by which mutant, then each mutant with those.

A mutant that no test comes by cannot make one fail, and most come by few: that makes the second part short. Each run is
a process of its own, since a process asks the environment once. It leaves building to cargo.
"""

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TEST_LINE = re.compile(r"test (\S+)(?: - should panic)? \.\.\. (.*)")
QUICKEST = 10  # These are tried first, together; the others only if they notice nothing.
STARTING = 40  # Seconds that a program may take besides its tests.
SLOWER = 4  # How many times as long as without a mutant its tests may take.


class Program:
    """A test program among the messages of `cargo test --no-run --message-format=json`."""

    def __init__(self, messages, name):
        """`name` is that of cargo's target; `folder:target`, if several folders have one of the name."""
        found, self.server = [], None
        for message in messages:
            if message.get("reason") != "compiler-artifact" or not message.get("executable"):
                continue
            target, folder = message["target"]["name"], Path(message["manifest_path"]).parent
            if message["profile"]["test"]:
                if target == name or f"{folder.name}:{target}" == name:
                    found.append((message["executable"], folder))
            elif target == "matinee-server":
                self.server = message["executable"]
        if len(found) != 1:
            raise SystemExit(f"{len(found)} test programs are called {name}; it has to be one")
        (self.path, self.folder) = found[0]

    def environment(self, **more):
        variables = dict(os.environ, CARGO_MANIFEST_DIR=str(self.folder), RUST_BACKTRACE="0", **more)
        if self.server:
            variables["MATINEE_SERVER_BIN"] = self.server
        return variables

    def tests(self, filters):
        command = [self.path, "--list", *filters]
        listed = subprocess.run(
            command, cwd=self.folder, env=self.environment(), check=True, capture_output=True, text=True
        ).stdout
        return [line.removesuffix(": test") for line in listed.split("\n") if line.endswith(": test")]

    def run(self, arguments, limit, **variables):
        """To the first test that fails: (verdict, what noticed it, seconds)."""
        begun = time.monotonic()
        process = subprocess.Popen(
            [self.path, *arguments],
            cwd=self.folder,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        late = threading.Event()

        def too_late():
            late.set()
            end_all(process)

        timer = threading.Timer(limit, too_late)
        timer.start()
        failed = None
        for line in process.stdout:
            test = TEST_LINE.match(line)
            if test and test[2].startswith("FAILED"):
                failed = test[1]
                end_all(process)
                break
        status = process.wait()
        timer.cancel()
        seconds = time.monotonic() - begun
        if failed:
            return "killed", failed, seconds
        if late.is_set():
            return "timeout", " ".join(arguments[:3]), seconds
        if status != 0:
            return "killed", f"the process ended with {status}: {' '.join(arguments[:3])}", seconds
        return "survived", None, seconds

    def trace(self, arguments, limit):
        """Without a mutant: what became of it, its seconds, and the numbers that were asked for."""
        with tempfile.TemporaryDirectory() as folder:
            numbers = Path(folder, "numbers")
            verdict, _, seconds = self.run(arguments, limit, MATINEE_MUTANT_TRACE=str(numbers))
            reached = {int(line) for line in numbers.read_text().split()} if numbers.exists() else set()
        return verdict, seconds, sorted(reached)


def end_all(process):
    """Ends the program and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def trace(program, filters, skip, together, limit, jobs):
    """For each test that passes: its arguments, seconds and the mutants it comes by. With `together` all are one."""
    if together:
        runs = {" ".join(filters) or "all": filters}
    else:
        names = [name for name in program.tests(filters) if not (skip and re.search(skip, name))]
        runs = {name: ["--exact", name] for name in names}
    tests = {}
    with ThreadPoolExecutor(jobs) as pool:
        traced = pool.map(lambda arguments: program.trace(arguments, limit), runs.values())
        for (name, arguments), (verdict, seconds, reached) in zip(runs.items(), traced):
            if verdict != "survived":
                print(f"left out: {name} does not pass without a mutant ({verdict})", flush=True)
            elif reached:
                tests[name] = {"arguments": arguments, "seconds": seconds, "reached": reached}
    return tests


def batches(number, tests):
    """The runs for one mutant, quickest first: (arguments, seconds, how many tests)."""
    reaching = sorted((t for t in tests.values() if number in t["reached"]), key=lambda t: t["seconds"])
    single = [test for test in reaching if test["arguments"][:1] == ["--exact"]]
    whole = [test for test in reaching if test["arguments"][:1] != ["--exact"]]
    for part in (single[:QUICKEST], single[QUICKEST:], *([test] for test in whole)):
        if not part:
            continue
        arguments = [argument for test in part for argument in test["arguments"] if argument != "--exact"]
        exact = ["--exact"] if part[0] in single else []
        yield exact + arguments, sum(test["seconds"] for test in part), len(part)


def read_results(path):
    """The last record of each mutant. A line that a stop cut off does not count."""
    results = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        results[record["number"]] = record
    return results


def go(mutants, programs, path, again, jobs):
    """Tries the mutants with {label: (program, its trace)} and writes each result to `path` as it comes.

    What has a verdict, and what a label has already been tried on, is not done again unless `again` says so.
    """
    results, lock = read_results(path), threading.Lock()

    def one(mutant):
        number, name = mutant["number"], mutant["name"]
        before = {} if again else results.get(number, {})
        open_labels = [label for label in programs if label not in before.get("tried", [])]
        if before.get("verdict", "survived") != "survived" or not open_labels:
            return
        record = {"number": number, "name": name, "verdict": "survived", "by": None, "seconds": 0}
        tests_before = before.get("tests", 0)
        record |= {"tests": tests_before, "tried": before.get("tried", [])[:]}
        for label in open_labels:
            program, tests = programs[label]
            for arguments, seconds, count in batches(number, tests):
                record["tests"] += count
                limit = STARTING + SLOWER * seconds
                verdict, by, took = program.run(arguments, limit, MATINEE_MUTANT=str(number))
                record["seconds"] = round(record["seconds"] + took, 1)
                if verdict != "survived":
                    record |= {"verdict": verdict, "by": f"{label}: {by}"}
                    break
            record["tried"].append(label)
            if record["verdict"] != "survived":
                break
        with lock:
            with path.open("a") as out:
                out.write(json.dumps(record) + "\n")
            if record["tests"] > tests_before:
                told = record["by"] if record["verdict"] == "killed" else name
                print(time.strftime("%H:%M:%S"), number, record["verdict"], told, flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, mutants))
    return read_results(path)
