"""Each check of tidy.py goes red on what it forbids and stays green on its nearest allowed neighbour."""
import unittest

import tidy
from tidy import Tree


def findings(check, files):
    return [f"{f.path}:{f.line}: {f.check}" for f in check(Tree(files))]


class CheckTest(unittest.TestCase):
    def red(self, check, path, text, *expected):
        self.assertEqual(findings(check, {path: text}), [f"{path}:{line}: {name}" for line, name in expected])

    def green(self, check, path, text):
        self.assertEqual(findings(check, {path: text}), [])


class IncludeDirection(CheckTest):
    def check(self, path, included):
        return findings(tidy.check_include_direction, {path: f'#include "{included}"\n'})

    def test_down_and_skipping_down_is_fine(self):
        for path, included in (("engine/fold/a.cpp", "engine/store/b.h"), ("engine/fold/a.cpp", "engine/base/b.h"),
                               ("engine/app/main.cpp", "engine/store/b.h"), ("config/a.cpp", "engine/engine.h"),
                               ("engine/engine.cpp", "engine/fold/a.h"), ("engine/metrics/a.h", "engine/domain/b.h"),
                               ("connectors/sdk/a.cpp", "connectors/http/b.h"), ("config/a.h", "connectors/http/b.h")):
            self.assertEqual(self.check(path, included), [], f"{path} -> {included}")

    def test_up_is_refused(self):
        for path, included in (("engine/store/a.cpp", "engine/fold/b.h"), ("engine/base/a.h", "engine/domain/b.h"),
                               ("engine/fold/a.h", "engine/engine.h"), ("engine/engine.cpp", "connectors/http/a.h"),
                               ("connectors/http/a.cpp", "config/config.h"), ("config/a.cpp", "engine/app/a.h")):
            self.assertEqual(self.check(path, included), [f"{path}:1: include-direction"], f"{path} -> {included}")

    def test_sideways_is_refused(self):
        for path, included in (("engine/store/a.cpp", "engine/log/b.h"), ("engine/fold/a.cpp", "engine/query/b.h"),
                               ("engine/identity/a.h", "engine/profile/b.h"), ("engine/domain/a.h", "engine/metrics/b.h")):
            self.assertEqual(self.check(path, included), [f"{path}:1: include-direction"], f"{path} -> {included}")

    def test_connectors_see_the_facade_only(self):
        self.assertEqual(self.check("connectors/sdk/a.cpp", "engine/engine.h"), [])
        self.assertEqual(self.check("connectors/sdk/a.cpp", "engine/base/json_out.h"), [])
        self.assertEqual(self.check("connectors/sdk/a.cpp", "engine/ingest/event_parser.h"),
                         ["connectors/sdk/a.cpp:1: include-direction"])

    def test_paths_start_at_the_root_and_rooms_are_known(self):
        self.assertEqual(self.check("engine/log/a.cpp", "log.h"), ["engine/log/a.cpp:1: include-path"])
        self.assertEqual(self.check("engine/utils/a.cpp", "engine/base/b.h"), ["engine/utils/a.cpp:1: room"])

    def test_a_commented_include_does_not_count(self):
        self.green(tidy.check_include_direction, "engine/base/a.h", '// #include "engine/app/b.h"\n')


class Fences(CheckTest):
    def test_each_fence_is_red_outside_and_green_inside(self):
        for header, inside, outside in (
                ("simdjson.h", "engine/ingest/a.cpp", "engine/ingest/a.h"),
                ("rocksdb/db.h", "engine/store/a.cpp", "engine/fold/a.cpp"),
                ("prometheus/counter.h", "engine/metrics/a.cpp", "connectors/ops/a.cpp"),
                ("boost/beast/http.hpp", "connectors/http/a.cpp", "engine/engine.cpp"),
                ("boost/asio/awaitable.hpp", "connectors/http/a.h", "engine/fold/a.cpp"),
                ("openssl/hmac.h", "engine/base/a.cpp", "engine/store/a.cpp"),
                ("openssl/ssl.h", "connectors/http/a.cpp", "engine/base/a.cpp"),
                ("yaml-cpp/yaml.h", "connectors/bulk/a.cpp", "connectors/http/a.cpp"),
                ("yaml-cpp/yaml.h", "connectors/document/a.cpp", "connectors/identity/a.h"),
                ("pugixml.hpp", "connectors/webhook/a.cpp", "connectors/http/a.cpp"),
                ("librdkafka/rdkafka.h", "connectors/stream/kafka_consumer.cpp", "connectors/stream/feed.cpp"),
                ("nats/nats.h", "connectors/stream/nats_consumer.cpp", "connectors/stream/feed.cpp"),
                ("amqp_tcp_socket.h", "connectors/stream/rabbitmq_consumer.cpp", "connectors/stream/feed.cpp"),
                ("hiredis/hiredis.h", "connectors/stream/redis_consumer.cpp", "connectors/stream/feed.cpp"),
                ("CLI/CLI.hpp", "engine/app/main.cpp", "config/config.cpp"),
                ("zstd.h", "engine/log/a.cpp", "engine/log/a.h"),
                ("utf8proc.h", "engine/ingest/a.cpp", "engine/domain/a.cpp"),
                ("thread", "engine/log/a.cpp", "engine/store/a.cpp"),
                ("mutex", "engine/fold/a.h", "connectors/http/a.cpp")):
            text = f"\n#include <{header}>\n"
            self.green(tidy.check_fences, inside, text)
            self.red(tidy.check_fences, outside, text, (2, "fence"))

    def test_regex_is_refused_everywhere(self):
        self.red(tidy.check_fences, "engine/ingest/a.cpp", "#include <regex>\n", (1, "fence"))


class BannedCalls(CheckTest):
    def test_wall_clock(self):
        text = "auto now = std::chrono::system_clock::now();\n"
        self.red(tidy.check_banned_calls, "engine/fold/a.cpp", text, (1, "wall-clock"))
        self.green(tidy.check_banned_calls, "engine/base/time.cpp", text)
        self.red(tidy.check_banned_calls, "engine/log/a.cpp", "int64_t t = time(nullptr);\n", (1, "wall-clock"))
        self.green(tidy.check_banned_calls, "engine/log/a.cpp", "// system_clock::now() would be wrong\n")

    def test_catch_all(self):
        text = "void f() {\n  try { g(); } catch (...) {}\n}\n"
        self.red(tidy.check_banned_calls, "engine/log/a.cpp", text, (2, "catch-all"))
        self.green(tidy.check_banned_calls, "connectors/http/session.cpp", text)

    def test_using_namespace_in_a_header(self):
        self.red(tidy.check_banned_calls, "engine/log/a.h", "using namespace std;\n", (1, "using-namespace"))
        self.green(tidy.check_banned_calls, "engine/log/a.cpp", "using namespace std::chrono_literals;\n")

    def test_sleep_in_a_test(self):
        self.red(tidy.check_banned_calls, "tests/unit/log/a_test.cpp", "std::this_thread::sleep_for(1s);\n", (1, "sleep"))
        self.green(tidy.check_banned_calls, "tests/unit/log/a_test.cpp",
                   "while (!holds()) {\n  std::this_thread::sleep_for(5ms);\n}\n")
        self.green(tidy.check_banned_calls, "tests/unit/log/a_test.cpp",
                   "// Sleeps: nothing must happen, which no event tells.\nstd::this_thread::sleep_for(1s);\n")

    def test_regex(self):
        self.red(tidy.check_banned_calls, "connectors/http/a.cpp", 'std::regex r("a");\n', (1, "regex"))


class CoAwait(CheckTest):
    PATH = "connectors/http/a.cpp"

    def test_closure(self):
        self.red(tidy.check_co_await, self.PATH, "x = co_await post(e, [&] { f(); });\n", (1, "co-await"))
        self.red(tidy.check_co_await, self.PATH, "x = co_await post(\n    e,\n    [a](int b) { f(b); });\n", (1, "co-await"))

    def test_braced_aggregate(self):
        self.red(tidy.check_co_await, self.PATH, "co_await write(Answer{200});\n", (1, "co-await"))
        self.red(tidy.check_co_await, self.PATH, "co_await write(stream, {200});\n", (1, "co-await"))

    def test_conditional(self):
        self.red(tidy.check_co_await, self.PATH, "auto x = ok ? co_await f() : 0;\n", (1, "co-await"))
        self.red(tidy.check_co_await, self.PATH, "co_await f(ok ? 1 : 2);\n", (1, "co-await"))

    def test_names_subscripts_and_calls_are_fine(self):
        self.green(tidy.check_co_await, self.PATH,
                   "auto [error, n] = co_await read(stream, buffers[0], kToken);\n"
                   "if (co_await wait(timer)) {\n  f();\n}\n"
                   "co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);\n")


class TypeNames(CheckTest):
    def check(self, **texts):
        files = {f"connectors/{name}.h": f"namespace tributary {{\n{text}\n}}  // namespace tributary\n"
                 for name, text in texts.items()}
        return findings(tidy.check_type_names, files)

    def test_two_types_of_one_name(self):
        for first, second in (("struct A {};", "struct A {};"), ("struct A {};", "class A final : public B {};"),
                              ("class A { int b_; };", "enum class A : uint8_t { b };"), ("union A {};", "enum A { b };"),
                              ("struct A { struct B {}; };", "struct A::B {};"),
                              ("template <class T>\nstruct A {};", "struct alignas(64) A {\n};"),
                              ("int f() { return 1; }\nstruct A {};", "#define B {\nstruct A {};")):
            found = [finding.split(":")[::2] for finding in self.check(a=first, b=second)]
            self.assertEqual(found, [["connectors/b.h", " type-name"]], f"{first} and {second}")

    def test_the_place_is_the_second_ones(self):
        self.assertEqual(self.check(a="struct A {};", b="int x;\nstruct A {\n  int y;\n};"), ["connectors/b.h:3: type-name"])

    def test_neighbours_are_green(self):
        for first, second in (("struct A {};", "struct A;"), ("struct A {};", "namespace {\nstruct A {};\n}"),
                              ("namespace {\nstruct A {};\n}", "namespace {\nstruct A {};\n}"),
                              ("struct A { enum class Kind { x }; };", "struct B { enum class Kind { x }; };"),
                              ("struct A {};", "namespace detail {\nstruct A {};\n}"),
                              ("struct A {};", "template <class A>\nvoid f(A a) { g(a); }"),
                              ("struct A {};", "void f() {\n  struct A {};\n}"),
                              ("struct A {};", "// struct A {}\nusing C = A;\nA f() { return A{}; }"),
                              ("struct A<int> {};", "struct A<char> {};")):
            self.assertEqual(self.check(a=first, b=second), [], f"{first} and {second}")

    def test_a_test_may_not_redefine_a_type_of_the_product(self):
        text = "namespace tributary {\nstruct A {};\n}\n"
        self.assertEqual(findings(tidy.check_type_names, {"engine/log/a.h": text, "tests/unit/log/a_test.cpp": text}),
                         ["tests/unit/log/a_test.cpp:2: type-name"])
        self.assertEqual(findings(tidy.check_type_names, {"tests/unit/a/b.h": text, "tests/unit/b/b.h": text}), [])


class Words(CheckTest):
    def test_words_are_red(self):
        for words in (("DESI", "GN.md"), ("/wo", "rk/main"), ("'/ro", "ot/x'"), ("../sha", "red"), ("regi", "stry.npmjs.org")):
            text = "a\n" + "see " + "".join(words) + "\n"
            self.red(tidy.check_words, "engine/README.md", text, (2, "word"))

    def test_neighbours_are_green(self):
        self.green(tidy.check_words, "engine/README.md", "README.md, the root of the tree, its work/load; framework/x\n")

    def test_leftovers(self):
        self.red(tidy.check_words, "engine/log/a.cpp", "// TO" + "DO: later\n", (1, "leftover"))
        self.red(tidy.check_words, "deploy/run", "# FIX" + "ME\n", (1, "leftover"))
        self.green(tidy.check_words, "tests/data/x/README.md", "FIX" + "ME\n")


class Layout(CheckTest):
    def test_top_level(self):
        self.assertEqual(findings(tidy.check_top_level, {"notes.txt": "", "engine/a.h": ""}), ["notes.txt:1: top-level"])

    def test_lock_file(self):
        self.red(tidy.check_lock_file, "tests/clients/package-lock.json", '{"resolved": "x"}', (1, "lock-file"))
        self.red(tidy.check_lock_file, "tests/clients/package.json", '{"esbuild": "^0.28.2"}', (1, "lock-file"))
        self.green(tidy.check_lock_file, "tests/clients/package.json", '{"esbuild": "0.28.2", "node": ">=20"}')


    def test_every_source_is_built(self):
        files = {"tests/unit/log/a_test.cpp": "", "tests/unit/log/b_test.cpp": "", "tests/fuzz/c.cpp": "", "engine/d.cpp": "",
                 "tests/unit/log/CMakeLists.txt": "tributary_unit_test(log SOURCES aa_test.cpp b_test.cpp)",
                 "tests/CMakeLists.txt": "add_executable(c fuzz/c.cpp d.cpp)"}
        self.assertEqual(findings(tidy.check_sources_are_built, files),
                         ["engine/d.cpp:1: not-built", "tests/unit/log/a_test.cpp:1: not-built"])


class Metrics(CheckTest):
    def test_a_metric_that_does_not_exist(self):
        files = {"engine/metrics/metrics.cpp": 'r.counter("tributary_events_total", "x");',
                 "engine/log/CMakeLists.txt": "target_link_libraries(tributary_engine)",
                 "README.md": "tributary_events_total tributary_events_total_sum tributary_log tributary_engine\n",
                 "deploy/alerts.yml": "expr: tributary_evnts_total\n"}
        self.assertEqual(findings(tidy.check_metrics, files), ["deploy/alerts.yml:1: metric"])


class Lengths(CheckTest):
    def test_long_function_and_file_are_reported(self):
        body = "void f(int a) {\n" + "  g();\n" * 70 + "}\n"
        self.red(tidy.report_lengths, "engine/log/a.cpp", body, (1, "long-function"))
        self.red(tidy.report_lengths, "engine/log/a.cpp", "int x;\n" * 500, (1, "long-file"))
        self.green(tidy.report_lengths, "engine/log/a.cpp", "struct A {\n" + "  int f() { return 1; }\n" * 70 + "};\n")


if __name__ == "__main__":
    unittest.main()
