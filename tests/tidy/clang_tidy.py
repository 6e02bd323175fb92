#!/usr/bin/env python3
"""Runs clang-tidy over the sources of the product, as .clang-tidy asks. Exit 1 when it finds something.

Usage: clang_tidy.py [--build build/asan] [--jobs 2] [FILE ...]
`--build` is configured for clang and joins the files of a room, so that headers are read once per room: see the preset.
Sources that include Beast are left out unless named: clang needs half a minute for each of them, and what is checked in
them (names, moves, copies) is seen in their headers and by the warnings of the build. The other sources of their rooms
are checked one by one.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def sources_of(build):
    """What to check: joined files, relative to the repository, and single ones from rooms with Beast in them."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    files = []
    for command in commands:
        joined = os.path.relpath(os.path.join(command["directory"], command["file"]), REPOSITORY)
        if not re.match(r"build/[^/]+/(engine|connectors|config)/.*/Unity/", joined):
            continue
        with open(os.path.join(REPOSITORY, joined), encoding="utf-8") as file:
            parts = [os.path.relpath(path, REPOSITORY) for path in re.findall(r'#include "(.*)"', file.read())]
        parts = [path for path in parts if not path.startswith("build/")]
        without = [path for path in parts if not includes_beast(path)]
        files += [joined] if parts and without == parts else without
    return sorted(set(files))


def without_precompiled_headers(build, directory):
    """Writes the commands of `build` to `directory`: nothing was built yet, and what has no command of its own is checked
    by that of a test."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    for command in commands:
        command["command"] = re.sub(r" (-Winvalid-pch|(-Xclang )?-include(-pch)?( -Xclang)? \S*cmake_pch\S*)", "", command["command"])
    with open(os.path.join(directory, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump(commands, file)
    return directory


def includes_beast(path):
    with open(os.path.join(REPOSITORY, path), encoding="utf-8") as file:
        return "boost/beast" in file.read()


def run_one(binary, build, path):
    result = subprocess.run([binary, "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option",
                             "--checks=-bugprone-suspicious-include",  # joined files include sources
                             "--extra-arg=-Wno-deprecated-declarations", path],
                            cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return path, result.returncode, result.stdout.replace(REPOSITORY + "/", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.path.join(REPOSITORY, "build/asan"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    binary = shutil.which("clang-tidy-19") or shutil.which("clang-tidy")
    if binary is None:
        print("clang-tidy is not installed")
        return 2
    build = os.path.abspath(arguments.build)
    files = arguments.files or sources_of(build)
    started, failed = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        commands = without_precompiled_headers(build, directory)
        for path, code, output in pool.map(lambda path: run_one(binary, commands, path), files):
            if code != 0:
                failed += 1
                print(f"--- {path}\n{output.strip()}", flush=True)
    print(f"clang-tidy: {len(files)} files, {failed} with findings, {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
