#include "connectors/bulk/import_command.h"
#include "connectors/document/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>

#include "connectors/bulk/checkpoint.h"
#include "connectors/bulk/import_connection.h"
#include "connectors/bulk/progress.h"
#include "tests/unit/bulk/scripted_server.h"

namespace tributary {
namespace {

using testing::HasSubstr;
using Ids = std::vector<std::string>;

class ImportCommand : public testing::Test {
 protected:
  ImportCommand() {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    directory_ = std::filesystem::temp_directory_path() / ("tributary-" + name + "-" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
  }
  ~ImportCommand() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ / name; }
  std::string text_of(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }

  /// Events with message ids 0..count-1, one per line.
  ImportOptions ndjson(size_t count, const std::string& server) {
    std::ofstream file(path("in.ndjson"));
    for (size_t i = 0; i < count; ++i) file << R"({"type":"page","userId":"u","messageId":")" << i << "\"}\n";
    ImportOptions options;
    options.file = path("in.ndjson");
    options.source = "app";
    options.server = server;
    options.write_key = "wk";
    options.batch_events = 10;
    options.patience = std::chrono::seconds(2);
    options.report_format = ReportFormat::ndjson;
    return options;
  }

  std::filesystem::path directory_;
};

/// Remembers what it acknowledged, like a server that deduplicates.
struct Ledger {
  std::mutex mutex;
  std::set<std::string> seen;
  size_t repeated = 0;

  ScriptedAnswer take(const Ids& ids) {
    std::lock_guard lock(mutex);
    size_t fresh = 0;
    for (const std::string& id : ids) fresh += seen.insert(id).second ? 1 : 0;
    repeated += ids.size() - fresh;
    return {200,
            "{\"success\":true,\"accepted\":" + std::to_string(fresh) +
                ",\"duplicate\":" + std::to_string(ids.size() - fresh) + ",\"rejected\":0,\"errors\":[]}",
            ""};
  }
};

TEST_F(ImportCommand, EverythingArrivesOnceAndNothingIsLeftBehind) {
  Ledger ledger;
  ScriptedServer server([&](const Ids& ids) { return ledger.take(ids); });
  EXPECT_EQ(run_import(ndjson(1234, server.address())), 0);
  EXPECT_EQ(ledger.seen.size(), 1234u);
  EXPECT_EQ(ledger.repeated, 0u);
  EXPECT_FALSE(std::filesystem::exists(path("in.ndjson.app.checkpoint")));
  EXPECT_FALSE(std::filesystem::exists(path("in.ndjson.app.rejected.ndjson")));
}

TEST_F(ImportCommand, AnEmptyFileIsComplete) {
  ScriptedServer server([](const Ids&) { return std::nullopt; });
  EXPECT_EQ(run_import(ndjson(0, server.address())), 0);
}

TEST_F(ImportCommand, OverloadAndLostAnswersAreRetried) {
  Ledger ledger;
  std::atomic<int> request = 0;
  ScriptedServer server([&](const Ids& ids) -> std::optional<ScriptedAnswer> {
    switch (request++ % 5) {
      case 0:
        return ScriptedAnswer{503, R"({"success":false,"code":"overloaded"})", "0"};
      case 1:
        return ScriptedAnswer{429, "", ""};
      case 2:
        ledger.take(ids);  // taken, but the answer is lost
        return std::nullopt;
      default:
        return ledger.take(ids);
    }
  });
  EXPECT_EQ(run_import(ndjson(60, server.address())), 0);
  EXPECT_EQ(ledger.seen.size(), 60u);
  EXPECT_GT(ledger.repeated, 0u);
}

TEST_F(ImportCommand, ABatchThatIsRefusedAsAWholeIsHalvedToItsBadEvent) {
  Ledger ledger;
  ScriptedServer server([&](const Ids& ids) -> std::optional<ScriptedAnswer> {
    if (std::find(ids.begin(), ids.end(), "13") != ids.end()) {
      return ScriptedAnswer{413, R"({"code":"payload_too_large","message":"too large"})", ""};
    }
    return ledger.take(ids);
  });
  EXPECT_EQ(run_import(ndjson(30, server.address())), 65);
  EXPECT_EQ(ledger.seen.size(), 29u);
  EXPECT_EQ(text_of("in.ndjson.app.rejected.ndjson"),
            "{\"line\":14,\"code\":\"payload_too_large\",\"message\":\"too large\"}\n");
}

TEST_F(ImportCommand, RefusedItemsAreListedByLineInTheOrderOfTheFile) {
  ScriptedServer server([&](const Ids& ids) -> std::optional<ScriptedAnswer> {
    return ScriptedAnswer{
        200,
        "{\"success\":true,\"accepted\":" + std::to_string(ids.size() - 1) +
            R"(,"duplicate":0,"rejected":1,"errors":[{"index":0,"code":"missing_id","message":"no id"}]})",
        ""};
  });
  EXPECT_EQ(run_import(ndjson(25, server.address())), 65);
  EXPECT_EQ(text_of("in.ndjson.app.rejected.ndjson"),
            "{\"line\":1,\"code\":\"missing_id\",\"message\":\"no id\"}\n"
            "{\"line\":11,\"code\":\"missing_id\",\"message\":\"no id\"}\n"
            "{\"line\":21,\"code\":\"missing_id\",\"message\":\"no id\"}\n");
}

TEST_F(ImportCommand, TheReportIsATableByDefault) {
  ScriptedServer server([](const Ids& ids) { return ScriptedServer::accepted(ids.size()); });
  ImportOptions options = ndjson(0, server.address());
  std::ofstream(path("in.ndjson")) << "bad\n{\"type\":\"page\",\"messageId\":\"1\"}\n[]\n";
  options.report_format = ReportFormat::csv;
  EXPECT_EQ(run_import(options), 65);
  EXPECT_EQ(text_of("in.ndjson.app.rejected.csv"),
            "row,column,code,reason\r\n1,,invalid_json,the line is not JSON\r\n"
            "3,,not_an_object,the line is not a JSON object\r\n");
}

TEST(ImportReport, NoCellIsAFormulaAndQuotesAreDoubled) {
  auto cell = [](std::string_view text) {
    std::string out;
    append_csv_cell(out, text);
    return out;
  };
  EXPECT_EQ(cell("plain 1-2=3"), "plain 1-2=3");
  EXPECT_EQ(cell(""), "");
  EXPECT_EQ(cell("a,b"), "\"a,b\"");
  EXPECT_EQ(cell("say \"hi\"\n"), "\"say \"\"hi\"\"\n\"");
  for (std::string text : {"=1+1", "+1", "-1", "@x", "\tx"}) EXPECT_EQ(cell(text), "'" + text);
  EXPECT_EQ(cell("\rx"), "\"'\rx\"");
  EXPECT_EQ(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
}

TEST_F(ImportCommand, ADryRunAsksNobodyAndJudgesAsAServerWould) {
  ImportOptions options = ndjson(0, "");
  options.write_key = "";
  options.dry_run = true;
  std::ofstream(path("in.ndjson")) << R"({"type":"page","userId":"u","messageId":"1"})"
                                      "\n"
                                   << R"({"type":"fly","userId":"u"})"
                                      "\n"
                                   << R"({"type":"track","event":"e"})"
                                      "\n";
  EXPECT_EQ(run_import(options), 65);
  std::string report = text_of("in.ndjson.app.rejected.ndjson");
  EXPECT_THAT(report, HasSubstr(R"({"line":2,"code":"unknown_type")"));
  EXPECT_THAT(report, HasSubstr(R"({"line":3,"code":"missing_id")"));
  EXPECT_FALSE(std::filesystem::exists(path("in.ndjson.app.checkpoint")));
  std::ofstream(path("in.ndjson")) << R"({"type":"page","userId":"u","messageId":"1"})"
                                      "\n";
  EXPECT_EQ(run_import(options), 0);
  options.start = ImportStart::resume;
  EXPECT_EQ(run_import(options), 64);
}

TEST_F(ImportCommand, AWrongKeyEndsTheImportAtOnce) {
  ScriptedServer server(
      [](const Ids&) { return ScriptedAnswer{401, R"({"code":"invalid_write_key","message":"m"})", ""}; });
  EXPECT_EQ(run_import(ndjson(30, server.address())), 64);
}

TEST_F(ImportCommand, AnotherServiceIsNoTributary) {
  ScriptedServer server([](const Ids&) { return ScriptedAnswer{200, "<html>hello</html>", ""}; });
  EXPECT_EQ(run_import(ndjson(30, server.address())), 64);
}

TEST_F(ImportCommand, NobodyThereIsUnavailable) { EXPECT_EQ(run_import(ndjson(30, "127.0.0.1:1")), 69); }

TEST_F(ImportCommand, AServerThatGoesAwayLeavesACheckpointToResumeFrom) {
  Ledger ledger;
  std::atomic<bool> down = true;
  // By the batch, not by how many came: several are under way, and they come in any order.
  ScriptedServer server([&](const Ids& ids) -> std::optional<ScriptedAnswer> {
    if (down && std::stoi(ids.front()) >= 200) return std::nullopt;
    return ledger.take(ids);
  });
  ImportOptions options = ndjson(500, server.address());
  ASSERT_EQ(run_import(options), 69);
  auto checkpoint = load_checkpoint(path("in.ndjson.app.checkpoint"));
  ASSERT_TRUE(checkpoint && *checkpoint);
  EXPECT_EQ((*checkpoint)->counts.accepted, 200u);
  EXPECT_EQ((*checkpoint)->place.line, 201u);
  down = false;
  options.start = ImportStart::resume;
  EXPECT_EQ(run_import(options), 0);
  EXPECT_EQ(ledger.seen.size(), 500u);
  EXPECT_EQ(ledger.repeated, 0u);
}

TEST_F(ImportCommand, AnInterruptionWaitsForAnswersAndSavesThePlace) {
  Ledger ledger;
  std::atomic<int> taken = 0;
  ScriptedServer server([&](const Ids& ids) -> std::optional<ScriptedAnswer> {
    if (++taken == 5) ::kill(::getpid(), SIGINT);
    return ledger.take(ids);
  });
  ImportOptions options = ndjson(5000, server.address());
  EXPECT_EQ(run_import(options), 130);
  auto checkpoint = load_checkpoint(path("in.ndjson.app.checkpoint"));
  ASSERT_TRUE(checkpoint && *checkpoint);
  EXPECT_EQ((*checkpoint)->counts.accepted, ledger.seen.size());
  EXPECT_LT(ledger.seen.size(), 5000u);
  EXPECT_EQ(run_import(options), 0);
  EXPECT_EQ(ledger.seen.size(), 5000u);
  EXPECT_EQ(ledger.repeated, 0u);
}

TEST_F(ImportCommand, AResumedReportListsEachRowOnce) {
  ScriptedServer server([](const Ids& ids) { return ScriptedServer::accepted(ids.size()); });
  ImportOptions options = ndjson(0, server.address());
  std::string lines = "bad\n{\"type\":\"page\",\"messageId\":\"1\"}\nworse\n";
  std::ofstream(path("in.ndjson")) << lines;
  // An earlier run that saved its place behind the first line, and then listed the third as well before it was killed.
  std::string first = "{\"line\":1,\"code\":\"invalid_json\",\"message\":\"the line is not JSON\"}\n";
  std::string third = "{\"line\":3,\"code\":\"invalid_json\",\"message\":\"the line is not JSON\"}\n";
  std::ofstream(path("in.ndjson.app.rejected.ndjson")) << first << third;
  Checkpoint checkpoint;
  checkpoint.input = import_fingerprint(lines, "ndjson", "app");
  checkpoint.place = {4, 2};
  checkpoint.counts.rejected = 1;
  checkpoint.report_bytes = first.size();
  ASSERT_TRUE(save_checkpoint(path("in.ndjson.app.checkpoint"), checkpoint));
  EXPECT_EQ(run_import(options), 65);
  EXPECT_EQ(text_of("in.ndjson.app.rejected.ndjson"), first + third);
}

TEST_F(ImportCommand, ACheckpointOfAnotherContentIsRefused) {
  ScriptedServer server([](const Ids& ids) { return ScriptedServer::accepted(ids.size()); });
  ImportOptions options = ndjson(5, server.address());
  Checkpoint checkpoint;
  checkpoint.input = "another";
  checkpoint.place = {10, 2};
  ASSERT_TRUE(save_checkpoint(path("in.ndjson.app.checkpoint"), checkpoint));
  EXPECT_EQ(run_import(options), 64);
  std::ofstream(path("in.ndjson.app.checkpoint")) << "{\"version\":1,";
  EXPECT_EQ(run_import(options), 64);
  options.start = ImportStart::restart;
  EXPECT_EQ(run_import(options), 0);
  options.start = ImportStart::resume;
  EXPECT_EQ(run_import(options), 64);
}

TEST_F(ImportCommand, ACheckpointThatCannotBeWrittenDoesNotStopTheImport) {
  Ledger ledger;
  ScriptedServer server([&](const Ids& ids) { return ledger.take(ids); });
  ImportOptions options = ndjson(50, server.address());
  options.checkpoint_file = path("no/such/directory/checkpoint");
  EXPECT_EQ(run_import(options), 0);
  EXPECT_EQ(ledger.seen.size(), 50u);
}

TEST_F(ImportCommand, AReportThatCannotBeWrittenDoes) {
  ScriptedServer server([](const Ids& ids) { return ScriptedServer::accepted(ids.size()); });
  ImportOptions options = ndjson(0, server.address());
  std::ofstream(path("in.ndjson")) << "bad\n";
  options.report_file = path("no/such/directory/report");
  EXPECT_EQ(run_import(options), 74);
}

TEST_F(ImportCommand, UsageMistakesAreToldApart) {
  ImportOptions good = ndjson(1, "127.0.0.1:1");
  auto code = [](ImportOptions options, auto change) {
    change(options);
    return run_import(options);
  };
  EXPECT_EQ(code(good, [](auto& o) { o.source = ""; }), 64);
  EXPECT_EQ(code(good, [](auto& o) { o.write_key = ""; }), 64);
  EXPECT_EQ(code(good, [](auto& o) { o.server = "nonsense"; }), 64);
  EXPECT_EQ(code(good, [](auto& o) { o.batch_events = 1001; }), 64);
  EXPECT_EQ(code(good, [](auto& o) { o.parallel = 0; }), 64);
  EXPECT_EQ(code(good, [](auto& o) { o.mapping_file = "x.yaml"; }), 64);
  EXPECT_EQ(code(good, [](auto& o) { o.format = ImportFormat::table; }), 64);
  EXPECT_EQ(code(good, [](auto& o) { o.file = "/no/such/file.ndjson"; }), 66);
  EXPECT_EQ(code(good,
                 [](auto& o) {
                   o.file = "/";
                   o.format = ImportFormat::ndjson;
                 }),
            66);
  EXPECT_EQ(code(good,
                 [](auto& o) {
                   o.format = ImportFormat::table;
                   o.mapping_file = "/no/such.yaml";
                 }),
            78);
}

TEST(AddressOfAServer, KnownForms) {
  auto form = [](std::string_view text) {
    auto server = parse_server_url(text);
    return server ? (server->tls ? "tls " : "") + server->host + " " + server->port : "none";
  };
  EXPECT_EQ(form("127.0.0.1:8080"), "127.0.0.1 8080");
  EXPECT_EQ(form("http://example.test"), "example.test 80");
  EXPECT_EQ(form("https://example.test/"), "tls example.test 443");
  EXPECT_EQ(form("https://[::1]:8443"), "tls ::1 8443");
  for (const char* text : {"", "host", "host:", ":80", "ftp://x:1", "host:8o"}) EXPECT_EQ(form(text), "none") << text;
}

TEST(Progress, LineFitsItsTerminal) {
  ProgressState state;
  state.read_at_start = {0, 1000};
  state.read = {500, 1000};
  state.counts = {12'000, 340, 52};
  state.answered_in_this_run = 12'392;
  state.elapsed = std::chrono::seconds(2);
  EXPECT_EQ(progress_line(state, 0), " 50.0 %  12,392 events  6,196/s  ETA 0:02  rejected 52");
  EXPECT_THAT(progress_line(state, 120), HasSubstr("[===============>              ]  50.0 %"));
  EXPECT_THAT(progress_line(state, 80), HasSubstr("[=========>        ]  50.0 %"));
  EXPECT_THAT(progress_line(state, 60), testing::StartsWith(" 50.0 %"));
  state.note = std::string(200, 'x');
  EXPECT_EQ(progress_line(state, 80).size(), 79u);
}

TEST(Progress, ResumedRunsReckonWithTheirOwnPart) {
  ProgressState state;
  state.read_at_start = {600, 1000};
  state.read = {800, 1000};
  state.elapsed = std::chrono::seconds(10);
  EXPECT_THAT(progress_line(state, 0), HasSubstr("ETA 0:10"));
}

}  // namespace
}  // namespace tributary
