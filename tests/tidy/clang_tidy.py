#!/usr/bin/env python3
"""Runs clang-tidy over the sources of the product, as .clang-tidy asks. Exit 1 when it finds something.

Usage: clang_tidy.py [--build build/release] [--jobs 2] [FILE ...]
Sources that include Beast are left out unless named: clang needs half a minute for each of them, and what is checked in
them (names, moves, copies) is seen in their headers and by the warnings of the build.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def sources_of(build):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    found = {os.path.relpath(os.path.join(c["directory"], c["file"]), REPOSITORY) for c in commands}
    return sorted(path for path in found if re.match(r"(engine|connectors|config)/", path))


def includes_beast(path):
    with open(os.path.join(REPOSITORY, path), encoding="utf-8") as file:
        return "boost/beast" in file.read()


def run_one(binary, build, path):
    result = subprocess.run([binary, "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option",
                             "--extra-arg=-Wno-deprecated-declarations", path],
                            cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return path, result.returncode, result.stdout.replace(REPOSITORY + "/", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.path.join(REPOSITORY, "build/release"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    binary = shutil.which("clang-tidy-19") or shutil.which("clang-tidy")
    if binary is None:
        print("clang-tidy is not installed")
        return 2
    build = os.path.abspath(arguments.build)
    files = arguments.files or [path for path in sources_of(build) if not includes_beast(path)]
    started, failed = time.monotonic(), 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for path, code, output in pool.map(lambda path: run_one(binary, build, path), files):
            if code != 0:
                failed += 1
                print(f"--- {path}\n{output.strip()}", flush=True)
    print(f"clang-tidy: {len(files)} files, {failed} with findings, {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
