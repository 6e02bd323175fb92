#!/usr/bin/env python3
"""What a tool can see of the house rules: who includes whom, fences of libraries, banned calls, words, layout.

Usage: tidy.py [--root DIR] [--report]
Exit 1 and one line per finding (path:line: check: text) when a rule is broken. Lengths are only reported, with --report.
Every check is a function of a Tree and has a test in tidy_test.py that shows it going red.
"""
import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

# --------------------------------------------------------------------------------------------------------- the tree


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    check: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.check}: {self.text}"


class Source:
    """One text file: as it stands, and (C++) with comments and literals blanked out, line numbers kept."""

    def __init__(self, path, text):
        self.path, self.text = path, text

    @cached_property
    def code(self):
        return blank_comments_and_literals(self.text)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def find(self, pattern, check, text, code=True):
        where = self.code if code else self.text
        for match in re.finditer(pattern, where):
            yield Finding(self.path, self.line_of(match.start()), check, text.format(match.group(0)))


BLANKABLE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<delimiter>[^(\s]{0,16})\(.*?\)(?P=delimiter)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def blank_comments_and_literals(text):
    def blank(match):
        token = match.group(0)
        if token.startswith('"') and re.search(r"#\s*include\s*$", text[max(0, match.start() - 20):match.start()]):
            return token
        return re.sub(r"[^\n]", " ", token)
    return BLANKABLE.sub(blank, text)


class Tree:
    """All files of the repository that belong to it: tracked, or new and not ignored."""

    def __init__(self, files):
        self.files = {path: Source(path, text) for path, text in sorted(files.items())}

    @staticmethod
    def read(root):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                capture_output=True, check=True).stdout.decode().split("\0")
        files = {}
        for path in filter(None, listed):
            full = os.path.join(root, path)
            if not os.path.isfile(full):
                continue
            with open(full, "rb") as file:
                data = file.read()
            files[path] = "" if b"\0" in data[:4096] else data.decode("utf-8", "replace")
        return Tree(files)

    def matching(self, pattern):
        return [source for path, source in self.files.items() if re.fullmatch(pattern, path)]

    def product(self, kind=r"(h|cpp)"):
        return self.matching(rf"(engine|connectors|config)/.*\.{kind}")

    def prose(self):
        """Everything people write; corpora and lock files are not ours to word."""
        return [s for path, s in self.files.items()
                if not re.match(r"tests/(data|golden|fuzz/corpus)/|.*package-lock\.json|LICENSE", path)]


# ------------------------------------------------------------------------------------------------- include direction

# app -> config -> connectors -> engine.h -> {fold, query} -> {store, log} -> {identity, profile, ingest}
#     -> {domain, metrics, value_model, linkage} -> base
LEVELS = {"base": 0, "domain": 1, "metrics": 1, "value_model": 1, "linkage": 1, "identity": 2, "profile": 2, "ingest": 2,
          "store": 3, "log": 3, "fold": 4, "query": 4, "engine.h": 5, "connectors": 6, "config": 7, "app": 8}
# The closed set of rejection codes is a domain value and a metric label.
SIDEWAYS_ALLOWED = {("metrics", "domain")}
# A webhook's payload is read where it lies, digits and all, by what reads events.
# Names of columns and of customers in a table compare as those in events do.
SEEN_BY_CONNECTORS = ("engine/engine.h", "engine/ingest/json_index.h", "engine/ingest/json_repair.h",
                      "engine/ingest/text_fold.h")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def room_of(path):
    parts = PurePosixPath(path).parts
    if not parts or parts[0] not in ("engine", "connectors", "config"):
        return None
    if parts[0] != "engine":
        return parts[0]
    return "engine.h" if len(parts) == 2 else parts[1]


def check_include_direction(tree):
    for source in tree.product():
        room = room_of(source.path)
        if room not in LEVELS:
            yield Finding(source.path, 1, "room", f"engine/{room}/ is no room of the layout")
            continue
        for match in INCLUDE.finditer(source.code):
            included, line = match.group(1), source.line_of(match.start())
            if included is None:
                continue
            target = room_of(included)
            if target is None:
                yield Finding(source.path, line, "include-path", f'"{included}" is not a path from the repository root')
            elif target not in LEVELS:
                yield Finding(source.path, line, "room", f'"{included}" lies in no room of the layout')
            elif not may_include(room, target, included):
                yield Finding(source.path, line, "include-direction", f"{room} may not include {included}")


def may_include(room, target, included):
    if room == target:
        return True
    if room == "connectors":
        return included in SEEN_BY_CONNECTORS or target == "base"
    if (room, target) in SIDEWAYS_ALLOWED:
        return True
    return LEVELS[target] < LEVELS[room]


# ------------------------------------------------------------------------------------------------ third-party fences


@dataclass(frozen=True)
class Fence:
    library: str
    headers: str  # regular expression over the name inside <> or ""
    allowed: str  # regular expression over the including path


FENCES = (
    Fence("simdjson", r"simdjson(\.h|/.*)", r"engine/ingest/.*\.cpp"),
    Fence("RocksDB", r"rocksdb/.*", r"engine/store/.*\.cpp"),
    Fence("SQLite", r"sqlite3\.h", r"engine/query/sql/.*\.cpp"),
    Fence("prometheus-cpp", r"prometheus/.*", r"engine/metrics/.*\.cpp"),
    Fence("Beast", r"boost/beast.*", r"(connectors|engine/app)/.*\.cpp|connectors/http/.*\.h"),
    Fence("Asio", r"boost/asio.*", r"(connectors|engine/app)/.*"),
    Fence("OpenSSL", r"openssl/(?!ssl\.h|err\.h).*", r"engine/base/.*\.cpp|(connectors|engine/app)/.*\.cpp"),
    Fence("TLS", r"openssl/(ssl|err)\.h", r"(connectors|engine/app)/.*\.cpp"),
    Fence("yaml-cpp", r"yaml-cpp/.*", r"config/.*\.cpp|connectors/(bulk|document)/.*\.cpp"),
    Fence("pugixml", r"pugixml\.hpp", r"connectors/webhook/.*\.cpp"),
    Fence("librdkafka", r"librdkafka/.*", r"connectors/stream/kafka_.*\.cpp"),
    Fence("nats.c", r"nats/.*|nats\.h", r"connectors/stream/nats_.*\.cpp"),
    Fence("librabbitmq", r"amqp.*\.h|rabbitmq-c/.*", r"connectors/stream/rabbitmq_.*\.cpp"),
    Fence("hiredis", r"hiredis/.*|hiredis\.h", r"connectors/stream/redis_.*\.cpp"),
    Fence("CLI11", r"CLI/.*", r"engine/app/.*\.cpp"),
    Fence("codecs", r"libdeflate\.h|zlib\.h|zstd.*\.h", r"(engine/(log|store)|connectors)/.*\.cpp"),
    Fence("utf8proc", r"utf8proc\.h", r"engine/ingest/.*\.cpp"),
    # phone_metadata.cpp: a once_flag per region, so that the patterns of a country nobody calls from are never compiled.
    Fence("threads", r"thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token",
          r"engine/(fold|log|app|metrics)/.*|engine/ingest/phone_metadata\.cpp|engine/store/hashed_memtable\.cpp|"
          r"connectors/stream/.*|connectors/http/turns\.cpp|connectors/profile/(customer_numbers|record_handlers)\..*|"
          r"engine/source_activity\.h|connectors/sql/sql_runner\..*"),
    Fence("std::regex", r"regex", r"(?!)"),
)


def check_fences(tree):
    for source in tree.product():
        for match in INCLUDE.finditer(source.code):
            name = match.group(2) or match.group(1)
            for fence in FENCES:
                if re.fullmatch(fence.headers, name) and not re.fullmatch(fence.allowed, source.path):
                    yield Finding(source.path, source.line_of(match.start()), "fence",
                                  f"<{name}>: {fence.library} is only for {fence.allowed}")


# ------------------------------------------------------------------------------------------------------ banned calls

# Where an exception of a library, or of a coroutine nobody awaits, is turned into a value or an answer.
CATCH_ALL_FENCES = r"(connectors/http|engine/app)/.*\.cpp"


def check_banned_calls(tree):
    for source in tree.product():
        if not source.path.startswith("engine/base/"):
            yield from source.find(r"system_clock::now|\bgettimeofday\b|\btime\((nullptr|NULL|0)\)", "wall-clock",
                                   "{}: time comes from engine/base/time.h")
        if not re.fullmatch(CATCH_ALL_FENCES, source.path):
            yield from source.find(r"catch\s*\(\s*\.\.\.\s*\)", "catch-all", "{} outside the fences")
        yield from source.find(r"\bstd::w?regex\b", "regex", "{}: a backtracking matcher")
    for source in tree.matching(r".*\.h"):
        yield from source.find(r"\busing\s+namespace\b", "using-namespace", "{} in a header")
    for source in tree.matching(r"tests/.*\.(cpp|h)"):
        yield from check_sleeps(source)


def check_sleeps(source):
    """A test waits for the thing itself, or polls for it. What cannot be waited for (that nothing happens) says so:
    `// Sleeps: why`."""
    lines = source.text.split("\n")
    for finding in source.find(r"\bsleep_(for|until)\b|\busleep\b", "sleep", "{} in a test: wait for the thing itself"):
        polls = any(re.search(r"\b(while|for) \(", line) for line in lines[max(0, finding.line - 5):finding.line])
        if not polls and "// Sleeps: " not in "".join(lines[max(0, finding.line - 3):finding.line]):
            yield finding


# ---------------------------------------------------------------------------------------------- co_await expressions

OPENING, CLOSING = "([{", ")]}"


def check_co_await(tree):
    """g++ 12 destroys temporaries of a co_await expression twice: closures, braced aggregates and ?: stay outside."""
    for source in tree.product():
        for match in re.finditer(r"\bco_await\b", source.code):
            before = re.split(r"[;{}]", source.code[max(0, match.start() - 400):match.start()])[-1]
            after = rest_of_expression(source.code, match.end())
            line = source.line_of(match.start())
            if has_lambda(after) or has_lambda(before):
                yield Finding(source.path, line, "co-await", "a closure inside a co_await expression")
            elif re.search(r"[\w>)]\s*\{|[(,]\s*\{", after):
                yield Finding(source.path, line, "co-await", "a braced aggregate inside a co_await expression")
            if "?" in before or "?" in after:
                yield Finding(source.path, line, "co-await", "?: inside a co_await expression")


def rest_of_expression(code, start):
    depth = 0
    for i in range(start, len(code)):
        c = code[i]
        if c in OPENING:
            depth += 1
        elif c in CLOSING:
            depth -= 1
            if depth < 0:
                return code[start:i]
        elif c == ";" and depth == 0:
            return code[start:i]
    return code[start:]


def has_lambda(expression):
    return re.search(r"(?<![\w\])\s])\s*\[[^\[\]]*\]\s*(\(|\{|mutable)|^\s*\[[^\[\]]*\]\s*[({]", expression) is not None


# -------------------------------------------------------------------------------------------------------- type names

TYPE_HEAD = re.compile(r"\b(?:struct|class|union|enum(?:\s+(?:class|struct))?)\s+(?:alignas\s*\([^()]*\)\s*|\[\[.*?\]\]\s*)*"
                       r"([A-Za-z_][\w:]*(?:\s*<[^{}]*>)?)\s*(?:final\s*)?(?::(?!:)[^{}]*)?$", re.DOTALL)
NAMESPACE_HEAD = re.compile(r"\bnamespace\b\s*([\w:]*)\s*$")


def check_type_names(tree):
    """Two types of one name in one namespace are undefined behaviour as soon as one program holds both, and no linker says
    so. What a test calls its own in `tributary` meets the product's types."""
    first = {}
    for source in tree.product():
        for name, line in named_types(source):
            if name not in first:
                first[name] = source.path
            elif first[name] != source.path:
                yield Finding(source.path, line, "type-name", f"{name} is also defined in {first[name]}")
    for source in tree.matching(r"(tests|benchmarks)/.*\.(h|cpp)"):
        for name, line in named_types(source):
            if name in first:
                yield Finding(source.path, line, "type-name", f"{name} is also defined in {first[name]}")


def named_types(source):
    """(qualified name, line) of each type defined in a namespace that has a name, or in a type that is."""
    code = re.sub(r"(?m)^[ \t]*#.*$", lambda directive: " " * len(directive.group(0)), source.code)
    scopes, head_begin = [], 0  # of each open brace its name; None: nothing below it has a name of its own
    for match in re.finditer(r"[;{}]", code):
        head, at = code[head_begin:match.start()], match.start()
        head_begin = match.end()
        if match.group(0) == "}" and scopes:
            scopes.pop()
        if match.group(0) != "{":
            continue
        namespace, type_head = NAMESPACE_HEAD.search(head), TYPE_HEAD.search(head)
        if namespace:
            scopes.append(namespace.group(1) or None)
            continue
        scopes.append(re.sub(r"\s+", "", type_head.group(1)) if type_head else None)
        if None not in scopes:
            yield "::".join(scopes), source.line_of(at - len(head) + type_head.start())


# ------------------------------------------------------------------------------------------------------------- words

def joined(*parts):
    """Words that this file itself must not contain."""
    return "".join(parts)


PAGES = "|".join(("DESIGN", "STYLE", "WIRE", "IDENTITY", "SCALE", "RELIABILITY", "SECURITY", "DEPENDENCIES", "DOMAIN",
                  "WEBHOOKS", "CONSOLE"))
FORBIDDEN_WORDS = (
    (rf"\b({PAGES})\.m" + "d\\b", "a page that is not part of the repository"),
    (r"(?<![\w.-])/(" + joined("wo", "rk|ro", "ot") + r")(/|\b(?=[\"'\s]))", "a path of one machine"),
    (r"\.\./sha" + "red\\b", "a folder beside the repository"),
    (joined("regi", "stry\\.npm") + r"|\bpy" + r"pi\.org|" + joined("pythonho", "sted") + r"|deb\.deb" + r"ian\.org|"
     + joined("proxy\\.go", "lang") + r"|crates\.i" + "o", "a package registry's host"),
)
LEFTOVERS = r"\b(TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK)\\b"


def check_words(tree):
    for source in tree.prose():
        for pattern, what in FORBIDDEN_WORDS:
            yield from source.find(pattern, "word", "{}: " + what, code=False)
        yield from source.find(LEFTOVERS, "leftover", "{}: finish it, or name an issue and the consequence", code=False)


# ------------------------------------------------------------------------------------------------------------ layout

TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", ".ci", ".clang-format", ".clang-tidy",
             ".gitignore", ".dockerignore", "engine", "connectors", "config", "benchmarks", "tests", "deploy"}


def check_top_level(tree):
    for entry in sorted({PurePosixPath(path).parts[0] for path in tree.files} - TOP_LEVEL):
        yield Finding(entry, 1, "top-level", "no entry of the layout")


def check_lock_file(tree):
    for source in tree.matching(r".*package-lock\.json"):
        yield from source.find(r'"resolved"', "lock-file", "{} names a registry", code=False)
    for source in tree.matching(r"(?!tests/data/)(.*/)?package\.json"):
        yield from source.find(r'"[~^][0-9][^"]*"', "lock-file", "{}: exact versions only", code=False)


def check_sources_are_built(tree):
    """A source that no CMakeLists.txt names is compiled by nobody, and a test among them can't fail."""
    for source in tree.matching(r"(engine|connectors|config|tests|benchmarks)/.*\.cpp"):
        path = PurePosixPath(source.path)
        lists = [tree.files.get(str(folder / "CMakeLists.txt")) for folder in path.parents]
        if not any(re.search(rf"(?<![\w-]){re.escape(path.name)}\b", found.text) for found in lists if found):
            yield Finding(source.path, 1, "not-built", "no CMakeLists.txt of its folder or above names it")


# ----------------------------------------------------------------------------------------------------------- metrics

METRIC = re.compile(r"(?<![\w/.-])tributary_[a-z0-9_]+")
METRICS_FILE = "engine/metrics/metrics.cpp"


def check_metrics(tree):
    """A metric named in a document, a rule or a panel exists."""
    if METRICS_FILE not in tree.files:
        return
    known = set(re.findall(r'"(tributary_[a-z0-9_]+)"', tree.files[METRICS_FILE].text))
    folders = {part for path in tree.files for part in PurePosixPath(path).parts}
    built = {m for s in tree.matching(r".*(CMakeLists\.txt|\.cmake)") for m in METRIC.findall(s.text)}
    for source in tree.matching(r"(?!tests/data/).*\.(md|ya?ml|json|py)|deploy/.*"):
        if source.path.startswith("tests/tidy/"):
            continue
        for match in METRIC.finditer(source.text):
            name = match.group(0)
            bare = re.sub(r"_(bucket|sum|count)$", "", name)
            if name in built or name.removeprefix("tributary_") in folders or name.endswith("_"):
                continue
            if name not in known and bare not in known:
                yield Finding(source.path, source.line_of(match.start()), "metric", f"{name} does not exist")


# ----------------------------------------------------------------------------------------------------------- lengths

FUNCTION_LINES, FILE_LINES = 60, 400
NOT_FUNCTIONS = {"if", "for", "while", "switch", "catch", "return", "co_await", "sizeof", "constexpr"}
FUNCTION_HEAD = re.compile(
    r"([~\w:<>]+)\s*\((?:[^(){};]|\([^(){};]*\))*\)\s*(?:const|noexcept|override|final|&&?|->\s*[\w:<>,&*\s]+|\s)*"
    r"(?::[^;{}]*(?:\{[^{}]*\}[^;{}]*)*)?\{")


def long_functions(source):
    position = 0
    while match := FUNCTION_HEAD.search(source.code, position):
        position = match.end()
        if match.group(1) in NOT_FUNCTIONS:
            continue
        end = match.end() + len(rest_of_expression_block(source.code, match.end()))
        lines = source.code.count("\n", match.start(), end) + 1
        if lines > FUNCTION_LINES:
            yield Finding(source.path, source.line_of(match.start()), "long-function", f"{match.group(1)}: {lines} lines")
        position = end


def rest_of_expression_block(code, start):
    depth = 0
    for i in range(start, len(code)):
        if code[i] == "{":
            depth += 1
        elif code[i] == "}":
            depth -= 1
            if depth < 0:
                return code[start:i]
    return code[start:]


def report_lengths(tree):
    for source in tree.matching(r"(engine|connectors|config|benchmarks|tests)/.*\.(h|cpp)"):
        lines = source.text.count("\n")
        if lines > FILE_LINES:
            yield Finding(source.path, 1, "long-file", f"{lines} lines")
        yield from long_functions(source)


# -------------------------------------------------------------------------------------------------------------- main

CHECKS = (check_include_direction, check_fences, check_banned_calls, check_co_await, check_type_names, check_words,
          check_top_level, check_lock_file, check_sources_are_built, check_metrics)


def run_checks(tree):
    return [finding for check in CHECKS for finding in check(tree)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("--report", action="store_true", help="also list long functions and files; never a failure")
    arguments = parser.parse_args()
    tree = Tree.read(arguments.root)
    if arguments.report:
        for finding in report_lengths(tree):
            print(f"note: {finding}")
    findings = run_checks(tree)
    for finding in findings:
        print(finding)
    print(f"tidy: {len(tree.files)} files, {len(CHECKS)} checks, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
