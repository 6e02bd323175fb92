#include "connectors/bulk/import_command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <variant>

#include "connectors/bulk/checkpoint.h"
#include "connectors/bulk/dry_run.h"
#include "connectors/bulk/import_run.h"
#include "connectors/bulk/input_file.h"
#include "connectors/bulk/mapping_file.h"
#include "connectors/bulk/ndjson_input.h"
#include "connectors/bulk/record_command.h"
#include "connectors/bulk/table_input.h"
#include "connectors/bulk/table_reader.h"
#include "engine/base/json_out.h"

namespace tributary {
namespace {

constexpr int kUsage = 64, kBadData = 65, kNoInput = 66, kUnavailable = 69, kIo = 74, kConfig = 78;
constexpr std::chrono::seconds kLogLineEvery{10};

/// A message for people and the exit code that goes with it.
struct Failure {
  int exit_code;
  std::string message;
};

void say(const std::string& message) { std::fprintf(stderr, "import: %s\n", message.c_str()); }

/// The progress line on a terminal, or a line now and then in a log.
class ProgressScreen {
 public:
  void show(const ProgressState& state) {
    if (!terminal_) {
      if (state.elapsed - shown_at_ < kLogLineEvery) return;
      shown_at_ = state.elapsed;
      say(progress_line(state, 0));
      return;
    }
    std::fprintf(stderr, "\r\033[K%s", progress_line(state, width()).c_str());
    std::fflush(stderr);
    drawn_ = true;
  }
  void end() {
    if (drawn_) std::fputc('\n', stderr);
    drawn_ = false;
  }

 private:
  static size_t width() {
    winsize size{};
    bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
  }
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool drawn_ = false;
  std::chrono::duration<double> shown_at_{};
};

bool is_ndjson(const ImportOptions& options) {
  if (options.kind) return false;
  if (options.format != ImportFormat::automatic) return options.format == ImportFormat::ndjson;
  if (options.file == kStandardInput) return options.mapping_file.empty();
  std::filesystem::path path = options.file;
  if (path.extension() == ".gz" || path.extension() == ".zst") path.replace_extension();
  return path.extension() == ".ndjson" || path.extension() == ".jsonl";
}

/// That a file is not there says more than that its name does not tell its format.
std::optional<Failure> check_file(const ImportOptions& options) {
  if (options.file == kStandardInput || ::access(options.file.c_str(), R_OK) == 0) return std::nullopt;
  return Failure{kNoInput, errno_error("opening " + options.file, errno).message};
}

std::optional<Failure> check_mapping_usage(const ImportOptions& options) {
  if (is_ndjson(options) && !options.mapping_file.empty()) {
    return Failure{kUsage, "events in NDJSON need no mapping; for a table give --format table"};
  }
  if (!is_ndjson(options) && options.mapping_file.empty() && !options.kind) {
    return Failure{
        kUsage,
        "a table needs a mapping; give --mapping, or --as to have one proposed, or --format ndjson for a file "
        "of events"};
  }
  return std::nullopt;
}

std::optional<Failure> check_usage(const ImportOptions& options) {
  if (options.source.empty()) return Failure{kUsage, "no source; give --source"};
  if (options.dry_run && options.start == ImportStart::resume) return Failure{kUsage, "a dry run is never resumed"};
  if (!options.dry_run && options.write_key.empty())
    return Failure{kUsage, "no write key; give --write-key or --config"};
  if (options.batch_events < 1 || options.batch_events > kBatchEventsMax) {
    return Failure{kUsage, "a batch has 1 to 1000 events"};
  }
  if (options.in_flight < 1 || options.in_flight > 64) return Failure{kUsage, "1 to 64 batches can be in flight"};
  if (options.parallel < 1 || options.parallel > 64) return Failure{kUsage, "1 to 64 threads can make events"};
  return std::nullopt;
}

std::string read_text_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

int exit_code_of_input(const Error& error) {
  if (error.code == ErrorCode::corrupt) return kBadData;
  return error.code == ErrorCode::disk_full ? kIo : kNoInput;
}

/// The file and its events, one upon the other.
struct OpenedInput {
  std::unique_ptr<InputFile> file;
  std::unique_ptr<ImportInput> events;
};
using Opening = std::variant<OpenedInput, Failure>;

Opening open_events(const ImportOptions& options, std::optional<Mapping> mapping) {
  TextWanted wanted;
  wanted.whole = mapping && !mapping->group_by.empty();
  wanted.gb18030 = mapping && mapping->shape.encoding == TextEncoding::gb18030;
  auto file = open_input_file(options.file, wanted);
  if (!file) return Failure{exit_code_of_input(file.error()), file.error().message};
  OpenedInput opened{std::move(*file), nullptr};
  ImportText& text = *opened.file->text;
  if (!mapping) {
    opened.events = open_ndjson(text);
    return opened;
  }
  auto table = open_table(text, std::move(*mapping));
  if (!table && text.fault()) return Failure{exit_code_of_input(*text.fault()), text.fault()->message};
  if (!table) {
    return Failure{kBadData,
                   options.file + " does not fit the mapping " + options.mapping_file + ":\n" + table.error().message};
  }
  opened.events = std::move(*table);
  return opened;
}

/// How rows become events, and the text it is written in. No mapping: events as they are.
struct KnownMapping {
  std::optional<Mapping> mapping;
  std::string text = "ndjson";
};

constexpr size_t kSampledBytes = 1 << 20;
constexpr size_t kSampledRows = 200;
constexpr size_t kHeaderLinesMax = 10;
constexpr std::string_view kArchiveBegins = "PK\x03\x04";  // what workbooks are: archives

std::string_view lines_behind(std::string_view text, size_t lines) {
  for (; lines > 0 && !text.empty(); --lines) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text;
}

/// The beginning of a file's text, as far as a proposal looks at it.
Result<std::string> read_head(const std::string& path, bool gb18030) {
  auto file = open_input_file(path, {false, gb18030});
  if (!file) return file.error();
  ImportText& text = *(*file)->text;
  while (text.from(0).size() < kSampledBytes && text.more()) {
  }
  if (text.fault()) return *text.fault();
  return std::string(text.from(0).substr(0, kSampledBytes));
}

/// For a table with its header on the line behind those that are skipped.
Result<ProposedMapping> mapping_behind(std::string_view head, const TableShape& shape, const ImportOptions& options) {
  ImportText text(head);
  TableReader reader(text, shape);
  if (auto wrong = reader.open()) return Error(ErrorCode::corrupt, *wrong);
  TableSample sample{reader.columns(), {}};
  TableRow row;
  while (sample.rows.size() < kSampledRows && reader.next(row)) {
    if (row.error_code.empty()) sample.rows.emplace_back(row.cells.begin(), row.cells.end());
  }
  return propose_mapping(*options.kind, shape, sample, options.keep_columns);
}

/// Of the first lines the one with most names of columns is the header: tables have titles and notes above.
Result<std::string> proposed_mapping(const ImportOptions& options) {
  if (options.file == kStandardInput) {
    return Error(ErrorCode::invalid, "a mapping is proposed for a file; standard input needs --mapping");
  }
  auto head = read_head(options.file, false);
  if (!head) return head.error();
  if (head->starts_with(kArchiveBegins)) {
    return Error(ErrorCode::corrupt, options.file + " is no text, perhaps a workbook: save its sheet as CSV");
  }
  TableShape shape = guess_shape(*head);
  if (shape.encoding == TextEncoding::gb18030) head = read_head(options.file, true);
  if (!head) return head.error();
  std::optional<Result<ProposedMapping>> best;
  for (size_t skipped = 0; skipped < kHeaderLinesMax; ++skipped) {
    shape.delimiter = guess_shape(lines_behind(*head, skipped)).delimiter;
    shape.skip_rows = skipped;
    auto proposed = mapping_behind(*head, shape, options);
    bool better = best && proposed && (!*best || (*best)->columns < proposed->columns);
    if (!best || better) best = std::move(proposed);
  }
  if (*best) return std::move((*best)->text);
  return Error(ErrorCode::corrupt, options.file + ": " + best->error().message + "; give --mapping");
}

std::variant<KnownMapping, Failure> find_mapping(const ImportOptions& options) {
  KnownMapping known;
  if (is_ndjson(options)) return known;
  std::string name = options.mapping_file;
  if (name.empty()) {
    auto proposed = proposed_mapping(options);
    if (!proposed) return Failure{exit_code_of_input(proposed.error()), proposed.error().message};
    known.text = std::move(*proposed);
    name = "the proposed mapping";
  } else {
    known.text = read_text_file(name);
  }
  auto loaded = options.mapping_file.empty() ? parse_mapping(known.text, name) : load_mapping(name);
  if (auto* mistakes = std::get_if<std::vector<std::string>>(&loaded)) {
    std::string all = "the mapping is wrong";
    for (const std::string& mistake : *mistakes) all += "\n" + mistake;
    return Failure{kConfig, all};
  }
  known.mapping = std::get<Mapping>(std::move(loaded));
  return known;
}

std::variant<Checkpoint, Failure> find_start(const ImportOptions& options, const std::string& path,
                                             const std::string& fingerprint) {
  Checkpoint fresh;
  fresh.input = fingerprint;
  if (options.start == ImportStart::restart) return fresh;
  auto loaded = load_checkpoint(path);
  if (!loaded) return Failure{kUsage, loaded.error().message};
  if (!*loaded) {
    if (options.start == ImportStart::resume) return Failure{kUsage, "nothing to resume: no checkpoint " + path};
    return fresh;
  }
  if ((*loaded)->input == fingerprint) return **loaded;
  return Failure{kUsage,
                 "the checkpoint " + path + " belongs to another content, mapping or source; --restart begins anew"};
}

std::string quoted(const std::string& word) {
  if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-") ==
      std::string::npos) {
    return word;
  }
  std::string out = "'";
  for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// The command that began this import, as a shell reads it; secrets stay with whoever typed them.
std::string import_words(const ImportOptions& options) {
  std::string command = "tributary import " + quoted(options.file);
  if (!options.mapping_file.empty()) command += " --mapping " + quoted(options.mapping_file);
  if (options.kind && options.mapping_file.empty()) command += " --as " + std::string(table_kind_name(*options.kind));
  if (options.format == ImportFormat::ndjson) command += " --format ndjson";
  if (options.format == ImportFormat::table) command += " --format table";
  command += " --source " + quoted(options.source);
  if (!options.connection_flags.empty()) command += " " + options.connection_flags;
  if (!options.checkpoint_file.empty()) command += " --checkpoint " + quoted(options.checkpoint_file);
  if (!options.report_file.empty()) command += " --report " + quoted(options.report_file);
  if (options.report_format == ReportFormat::ndjson) command += " --report-format ndjson";
  return command;
}

void print_counts(const ImportCounts& counts, bool complete, bool dry_run, const std::string& report) {
  std::string json;
  JsonOut out(json);
  out.begin_object();
  if (dry_run) out.key("dry_run").boolean(true);
  out.key("complete").boolean(complete).key("events").unsigned_number(counts.total());
  out.key("accepted").unsigned_number(counts.accepted).key("duplicate").unsigned_number(counts.duplicate);
  out.key("rejected").unsigned_number(counts.rejected);
  if (counts.rejected > 0) out.key("report").string(report);
  out.end_object();
  std::printf("%s\n", json.c_str());
  std::fflush(stdout);
}

/// One import with its files found and its input open.
class Command {
 public:
  /// `goes_on`: what passes by has no place to go on from.
  Command(const ImportOptions& options, ServerEndpoint server, ImportInput& input, Checkpoint state, bool goes_on)
      : options_(options),
        server_(std::move(server)),
        input_(input),
        state_(std::move(state)),
        input_goes_on_(goes_on) {
    checkpoint_path_ = options.checkpoint_file.empty() ? default_path(options, ".checkpoint") : options.checkpoint_file;
    report_path_ = options.report_file.empty() ? default_path(options, report_ending(options)) : options.report_file;
  }

  static const char* report_ending(const ImportOptions& options) {
    return options.report_format == ReportFormat::csv ? ".rejected.csv" : ".rejected.ndjson";
  }
  static std::string default_path(const ImportOptions& options, const char* ending) {
    std::string name = options.file == kStandardInput ? "stdin" : options.file;
    return name + "." + options.source + ending;
  }

  int run() {
    if (state_.place.line > 0) {
      say("resuming at line " + grouped_number(state_.place.line) + "; " + grouped_number(state_.counts.total()) +
          " events are answered");
      input_.seek(state_.place);
    }
    ImportReport report(report_path_, options_.report_format, state_.report_bytes);
    ImportObserver observer;
    observer.save = [this](const Checkpoint& checkpoint) { return save(checkpoint); };
    observer.show = [this](const ProgressState& progress) { screen_.show(progress); };
    ImportRunOptions run_options;
    run_options.connect = [this]() -> Result<std::unique_ptr<ImportConnection>> {
      if (options_.dry_run) return make_dry_run(options_.judged_source, options_.judged_limits);
      return ImportConnection::make(server_, options_.write_key);
    };
    run_options.batch_events = options_.batch_events;
    run_options.in_flight = options_.in_flight;
    run_options.parallel = options_.parallel;
    run_options.patience = options_.patience;
    auto started = std::chrono::steady_clock::now();
    ImportResult result = run_import_batches(run_options, input_, report, state_, observer);
    screen_.end();
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return finish(result);
  }

 private:
  /// A directory that cannot be written costs the place, not the import: repeated events are duplicates.
  Result<void> save(const Checkpoint& checkpoint) {
    if (unsaved_ || !input_goes_on_) return {};
    auto saved = save_checkpoint(checkpoint_path_, checkpoint);
    if (saved) return {};
    unsaved_ = true;
    screen_.end();
    say(saved.error().message +
        "; an interrupted import would begin anew (nothing counts twice). --checkpoint names another place");
    return {};
  }

  int finish(const ImportResult& result) {
    const auto& fault = input_.text().fault();
    bool complete = result.end == ImportEnd::complete && !fault;
    print_counts(state_.counts, complete, options_.dry_run, report_path_);
    if (result.end != ImportEnd::complete) return finish_early(result);
    std::error_code ignored;
    if (!options_.dry_run) std::filesystem::remove(checkpoint_path_, ignored);
    char took[32];
    std::snprintf(took, sizeof took, "%.1f s", seconds_);
    say(grouped_number(state_.counts.total()) + " events: " + grouped_number(state_.counts.accepted) + " accepted, " +
        grouped_number(state_.counts.duplicate) + " already there, " + grouped_number(state_.counts.rejected) +
        " rejected; this run took " + took);
    if (state_.counts.rejected > 0) say("rejected rows and reasons: " + report_path_);
    if (!fault) return state_.counts.rejected == 0 ? 0 : kBadData;
    say(fault->message +
        (options_.dry_run ? "; the rest was not read" : "; everything before it is imported, the rest is not"));
    return exit_code_of_input(*fault);
  }

  int finish_early(const ImportResult& result) {
    say(result.message);
    if (result.end == ImportEnd::failed) return kIo;
    if (result.end == ImportEnd::refused) return kUsage;
    bool saved = input_goes_on_ && state_.place.line > 0 && !unsaved_;
    bool again = !input_goes_on_;
    say((again ? "to go on, feed the same again to: " : "to go on: ") + import_words(options_) +
        (saved ? " --resume" : ""));
    return result.end == ImportEnd::unreachable ? kUnavailable : 128 + result.signal;
  }

  const ImportOptions& options_;
  ServerEndpoint server_;
  ImportInput& input_;
  Checkpoint state_;
  std::string checkpoint_path_, report_path_;
  ProgressScreen screen_;
  bool input_goes_on_;
  bool unsaved_ = false;
  double seconds_ = 0;
};

int fail(const Failure& failure) {
  say(failure.message);
  return failure.exit_code;
}

}  // namespace

int run_import(const ImportOptions& options) {
  if (auto missing = check_file(options)) return fail(*missing);
  if (auto wrong = check_mapping_usage(options)) return fail(*wrong);
  auto found = find_mapping(options);
  if (auto* failure = std::get_if<Failure>(&found)) return fail(*failure);
  auto& known = std::get<KnownMapping>(found);
  if (options.show_mapping) {
    std::fputs(known.text.c_str(), stdout);
    return 0;
  }
  if (options.mapping_file.empty() && known.mapping) say("the mapping is proposed:\n" + known.text);
  if (known.mapping && known.mapping->records) {
    return run_record_import(options, std::move(*known.mapping), known.text);
  }
  if (auto wrong = check_usage(options)) return fail(*wrong);
  Result<ServerEndpoint> server = ServerEndpoint();
  if (!options.dry_run) server = parse_server_url(options.server);
  if (!server) return fail({kUsage, server.error().message});
  server->ca_file = options.ca_file;
  auto opening = open_events(options, std::move(known.mapping));
  if (auto* failure = std::get_if<Failure>(&opening)) return fail(*failure);
  OpenedInput& input = std::get<OpenedInput>(opening);
  bool goes_on = input.file->stored.has_value() && !options.dry_run;
  Checkpoint state;
  if (goes_on) {
    std::string checkpoint =
        options.checkpoint_file.empty() ? Command::default_path(options, ".checkpoint") : options.checkpoint_file;
    auto start =
        find_start(options, checkpoint, import_fingerprint(input.file->stored->bytes(), known.text, options.source));
    if (auto* failure = std::get_if<Failure>(&start)) return fail(*failure);
    state = std::get<Checkpoint>(std::move(start));
  } else if (options.start == ImportStart::resume) {
    return fail({kUsage, options.file +
                             " has no place to go on from; feed it again from its beginning: what the server has "
                             "comes back as duplicate"});
  }
  Command command(options, *server, *input.events, std::move(state), goes_on);
  return command.run();
}

}  // namespace tributary
