"""Tries every mutant of cargo-mutants' list with one build: an environment variable says which of them is on.

cargo-mutants builds once for each mutant, and there are thousands. README.md has the steps.

Left out: constants and functions that stay constant, functions that return an unnamed type (`impl Trait`), and what
does not compile. How `go` calls a mutant: killed (a test failed), timeout (a test did not end), survived.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import schemata
import trials

HERE = Path(__file__).parent
PLANTED = "crates/planted/src/"
IN = "in"


def git(tree, *arguments):
    done = subprocess.run(["git", "-C", tree, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def load(path, otherwise=None):
    if otherwise is not None and not path.exists():
        return otherwise
    return json.loads(path.read_text())


def save(path, value):
    """Whole or not at all, whenever it is stopped."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(value, indent=0))
    new.replace(path)


def messages(path):
    """cargo's messages, one in a line; other lines are not for us."""
    for line in path.open():
        if line.startswith("{"):
            yield json.loads(line)


def list_mutants(options):
    """Asks cargo-mutants for the list. The checkout has to be as committed."""
    if git(options.tree, "status", "--porcelain", "--untracked-files=no"):
        sys.exit(f"{options.tree} has changes, perhaps mutants: `git -C {options.tree} checkout .` takes them away")
    command = ["cargo", "mutants", "--list", "--json", "--dir", options.tree, *options.arguments]
    mutants = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    for number, mutant in enumerate(mutants, 1):
        mutant["number"] = number
        mutant.pop("diff", None)
    commit = git(options.tree, "rev-parse", "HEAD").strip()
    save(options.work / "list.json", {"commit": commit, "mutants": mutants})
    print(len(mutants), "mutants of", len({mutant["file"] for mutant in mutants}), "files")


def apply(options):
    """Writes the mutants into the checkout, except those that were dropped. May be repeated."""
    listed = load(options.work / "list.json")
    dropped = set(load(options.work / "dropped.json", []))
    keep_const = defaultdict(list)
    for function in load(options.work / "keep-const.json", []):
        file, name = function.rsplit(":", 1)
        keep_const[file].append(name)
    files = defaultdict(list)
    for mutant in listed["mutants"]:
        files[mutant["file"]].append(mutant)
    for file, mutants in files.items():
        text = git(options.tree, "show", f"HEAD:{file}")
        refuse_moved(options.tree, listed["commit"], file, text, mutants)
        source = schemata.Source(text, keep_const[file])
        for mutant in mutants:
            mutant["state"] = "does not compile" if mutant["number"] in dropped else IN
            if mutant["state"] == IN:
                try:
                    source.add(mutant)
                except schemata.CannotBeSwitched as why:
                    mutant["state"] = str(why)
        write(options.tree, file, source.written())
    add_switch(options.tree, files)
    kept = ("number", "name", "package", "file", "state")
    save(options.work / "mutants.json", [{key: mutant[key] for key in kept} for mutant in listed["mutants"]])
    print(dict(Counter(mutant["state"] for mutant in listed["mutants"])))


def refuse_moved(tree, commit, file, text, mutants):
    """The list's places hold for its commit: below the last of them a file may grow, above nothing may change."""
    last = max(mutant["span"]["end"]["line"] for mutant in mutants)
    if git(tree, "show", f"{commit}:{file}").split("\n")[:last] != text.split("\n")[:last]:
        sys.exit(f"{file} is not what it was when the list was made ({commit[:9]}): begin a new work folder")


def add_switch(tree, files):
    """Every crate with a mutant can name the switch, which is in the crate `planted`."""
    write(tree, PLANTED + "switch.rs", (HERE / "switch.rs").read_bytes())
    library = git(tree, "show", f"HEAD:{PLANTED}lib.rs")
    write(tree, PLANTED + "lib.rs", f"{library}\nmod switch;\npub use switch::mutant;\n".encode())
    for folder in {file.split("/src/")[0] for file in files}:
        manifest = git(tree, "show", f"HEAD:{folder}/Cargo.toml")
        if "matinee-planted" not in manifest:
            new = manifest.replace("[dependencies]\n", "[dependencies]\nmatinee-planted.workspace = true\n", 1)
            write(tree, f"{folder}/Cargo.toml", new.encode())


def write(tree, file, content):
    """Only what changes: cargo goes by the time of a file."""
    path = Path(tree, file)
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def drop(options):
    """Drops the mutants that the compiler's errors point at. Ends with 1 if there was nothing to drop."""
    path = options.work / "dropped.json"
    dropped, new, unexplained, sources = set(load(path, [])), set(), [], {}

    def blamed(span):
        file = Path(options.tree, span["file_name"])
        if file not in sources:
            sources[file] = file.read_bytes() if file.exists() else b""
        return schemata.blamed(sources[file], span["byte_start"], span["byte_end"])

    for line in messages(options.messages or options.work / "check.json"):
        error = line.get("message") if line.get("reason") == "compiler-message" else None
        if not error or error["level"] != "error" or not error["spans"]:
            continue
        spans = error["spans"] + [span for child in error["children"] for span in child["spans"]]
        primary = {blamed(span) for span in spans if span["is_primary"]} - {None}
        numbers = primary or {blamed(span) for span in spans} - {None}
        if not numbers:
            unexplained.append(error["rendered"])
        new |= numbers
    save(path, sorted(dropped | new))
    print(*unexplained[:40], sep="\n")
    print(len(new - dropped), "more mutants do not compile;", len(unexplained), "errors are not in any mutant")
    if not new - dropped:
        sys.exit(1)


def program(options, name):
    return trials.Program(messages(options.work / "build.json"), name)


def trace(options):
    """Notes which tests of a program come by which mutants."""
    tests = trials.trace(
        program(options, options.program), options.filters, options.skip, options.together, options.limit, options.jobs
    )
    folder = options.work / "traces"
    folder.mkdir(exist_ok=True)
    save(folder / f"{options.label}.json", {"program": options.program, "tests": tests})
    reached = {number for test in tests.values() for number in test["reached"]}
    print(f"{options.label}: {len(tests)} tests come by {len(reached)} mutants")


def go(options):
    """Tries each mutant with the tests that come by it, and says what came of all so far."""
    programs = {}
    for label in options.labels:
        traced = load(options.work / "traces" / f"{label}.json")
        programs[label] = (program(options, traced["program"]), traced["tests"])
    mutants = load(options.work / "mutants.json")
    chosen = [
        mutant
        for mutant in mutants
        if mutant["state"] == IN
        and re.search(options.files, mutant["file"])
        and (not options.only or mutant["number"] in options.only)
    ]
    results = trials.go(chosen, programs, options.work / "results.jsonl", bool(options.only), options.jobs)
    summary = defaultdict(Counter)
    for mutant in mutants:
        result = results.get(mutant["number"], {"verdict": "not tried"})
        verdict = result["verdict"] if mutant["state"] == IN else mutant["state"]
        if verdict == "survived":
            print("survived" if result["tests"] else "survived, no test comes by it", mutant["name"])
        summary[mutant["package"]][verdict] += 1
    for package, verdicts in summary.items():
        print(package, dict(verdicts))


def numbers(text):
    return {int(number) for number in text.split(",")}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("target/mutants"), help="where everything is kept")
    parser.add_argument("--tree", help="the scratch checkout [the folder `tree` of the work folder]")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, does):
        new = commands.add_parser(name, help=does.__doc__, description=does.__doc__)
        new.set_defaults(does=does)
        return new

    listing = command("list", list_mutants)
    listing.add_argument("arguments", nargs="*", help="for cargo-mutants, after `--`: which files")
    command("apply", apply)
    dropping = command("drop", drop)
    dropping.add_argument("messages", nargs="?", type=Path, help="cargo's messages [check.json of the work folder]")
    tracing = command("trace", trace)
    tracing.add_argument("label", help="what this trace is called")
    tracing.add_argument("program", help="cargo's target; folder:target, if two are called the same")
    tracing.add_argument("filters", nargs="*", help="parts of names of tests")
    tracing.add_argument("--skip", metavar="REGEX", help="leave out tests of these names")
    tracing.add_argument("--together", action="store_true", help="one process for all: for what is slow to begin")
    tracing.add_argument("--limit", type=int, default=180, help="seconds that a run may take [180]")
    going = command("go", go)
    going.add_argument("labels", nargs="+", help="traces, in the order in which they are tried")
    going.add_argument("--files", metavar="REGEX", default="", help="mutants of these files only")
    going.add_argument("--only", metavar="N,N", type=numbers, help="these mutants, also if they were tried")
    for parts in (tracing, going):
        parts.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once [one for each core]")
    options = parser.parse_args()
    options.tree = options.tree or str(options.work / "tree")
    return options


if __name__ == "__main__":
    OPTIONS = parse()
    OPTIONS.work.mkdir(parents=True, exist_ok=True)
    os.nice(10)
    OPTIONS.does(OPTIONS)
