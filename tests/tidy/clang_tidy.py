#!/usr/bin/env python3
"""Runs clang-tidy over the sources of the product, as .clang-tidy asks. Exit 1 when it finds something.

Usage: clang_tidy.py [--build build/asan] [--jobs 2] [FILE ...]
`--build` is configured for clang and joins the files of a room: see the preset. Here all of a room are joined, so that its
headers, which are most of the work, are read and searched once. Sources that include Beast are left out unless named:
clang needs half a minute for each of them, and what is checked in them (names, moves, copies) is seen in their headers
and by the warnings of the build.
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


def commands_of(build):
    """How each source is compiled, without precompiled headers: nothing was built yet, and what has no command of its own
    is checked by that of a test."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    for command in commands:
        command["command"] = re.sub(r" (-Winvalid-pch|(-Xclang )?-include(-pch)?( -Xclang)? \S*cmake_pch\S*)", "", command["command"])
    return commands


def rooms_of(commands):
    """By the folder of the joined files of a room: each file's command, and what it joins that is to be checked."""
    rooms = {}
    for command in commands:
        joined = os.path.relpath(os.path.join(command["directory"], command["file"]), REPOSITORY)
        if not re.match(r"build/[^/]+/(engine|connectors|config)/.*/Unity/", joined):
            continue
        with open(os.path.join(REPOSITORY, joined), encoding="utf-8") as file:
            parts = [os.path.relpath(path, REPOSITORY) for path in re.findall(r'#include "(.*)"', file.read())]
        sources = [path for path in parts if not path.startswith("build/") and not includes_beast(path)]
        if sources:
            rooms.setdefault(os.path.dirname(joined), []).append((command, sources))
    return rooms


def join_rooms(commands, directory):
    """Writes one source per room that includes all of the room's, and one per joined file of the build. Returns their
    commands by room, the whole room's first in each, the largest room first.

    The directory lies in the repository, where .clang-tidy is found."""
    def join(command, sources, name):
        path = os.path.join(directory, name + ".cpp")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f'#include "{source}"\n' for source in sources)
        return {**command, "file": path, "command": command["command"].replace(command["file"], path)}

    joined = []
    for batches in rooms_of(commands).values():
        everything = [source for _, sources in batches for source in sources]
        name = os.path.dirname(everything[0]).replace("/", "_")
        joined.append((len(everything), [join(batches[0][0], everything, name),
                                         *(join(*batch, f"{name}_{number}") for number, batch in enumerate(batches))]))
    return [room for _, room in sorted(joined, key=lambda each: each[0], reverse=True)]


def includes_beast(path):
    with open(os.path.join(REPOSITORY, path), encoding="utf-8") as file:
        return "boost/beast" in file.read()


def run_one(binary, build, path):
    result = subprocess.run([binary, "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option",
                             "--checks=-bugprone-suspicious-include",  # joined files include sources
                             "--extra-arg=-Wno-deprecated-declarations", path],
                            cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return path, result.returncode, result.stdout.replace(REPOSITORY + "/", "")


def run_room(binary, directory, paths):
    """Where two sources of a room use one name, which the build lets be in two of its joined files, those are checked."""
    whole, *batches = paths
    result = run_one(binary, directory, whole)
    if len(batches) < 2 or "[clang-diagnostic-error]" not in result[2]:
        return [result]
    return [run_one(binary, directory, batch) for batch in batches]


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
    commands, started, failed = commands_of(build), time.monotonic(), 0
    with tempfile.TemporaryDirectory(dir=build) as directory, concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        rooms = [] if arguments.files else join_rooms(commands, directory)
        with open(os.path.join(directory, "compile_commands.json"), "w", encoding="utf-8") as file:
            json.dump([*commands, *(command for room in rooms for command in room)], file)
        files = [[path] for path in arguments.files] or [[command["file"] for command in room] for room in rooms]
        results = pool.map(lambda paths: run_room(binary, directory, paths), files)
        for path, code, output in (result for room in results for result in room):
            if code != 0:
                failed += 1
                print(f"--- {path}\n{output.strip()}", flush=True)
    print(f"clang-tidy: {len(files)} {'files' if arguments.files else 'rooms'}, {failed} with findings, {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
