#include "connectors/sdk/stream_import.h"

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <chrono>
#include <deque>
#include <utility>

#include "connectors/http/answers.h"
#include "connectors/http/memory_charge.h"
#include "connectors/sdk/body_text.h"
#include "connectors/sdk/event_metrics.h"
#include "connectors/sdk/line_batch.h"
#include "engine/base/ascii.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;
using StreamTimer = asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, IoExecutor>;

constexpr size_t kBatchesInFlight = 4;
constexpr size_t kHeldBytes = 16 << 20;                // of batches, their records and the codec's window
constexpr std::chrono::milliseconds kLookAgain{100};   // at batches that the engine had no room for
constexpr std::chrono::milliseconds kRetryPause{250};  // before such a batch is offered again
constexpr std::chrono::seconds kPatience{45};          // while the engine takes nothing; below the server's own limit
constexpr std::string_view kNdjsonTypes[] = {"application/x-ndjson", "application/ndjson", "application/jsonl"};

bool begins_with_word(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() && std::equal(lower_case.begin(), lower_case.end(), text.begin(),
                                                        [](char wanted, char is) { return wanted == ascii_lower(is); });
}

/// As `tributary import` names it.
std::string message_id_of(uint64_t line, std::string_view text) {
  std::string id = "import:ndjson:" + std::to_string(line) + ":";
  for (char c : sha256(text).substr(0, 8)) {
    constexpr char kDigits[] = "0123456789abcdef";
    id += kDigits[static_cast<unsigned char>(c) >> 4];
    id += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return id;
}

/// The number of the body's first line; nothing when it is none.
std::optional<uint64_t> first_line_of(const HttpRequest& request) {
  std::string_view text = request.parameter("first_line");
  if (text.empty()) return 1;
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool good = error == std::errc{} && end == text.data() + text.size() && number > 0 && number < (1ull << 53);
  return good ? std::optional(number) : std::nullopt;
}

struct CountOfRunning {
  explicit CountOfRunning(std::atomic<size_t>& counter) : running(counter), number(++counter) {}
  ~CountOfRunning() { --running; }
  CountOfRunning(const CountOfRunning&) = delete;
  CountOfRunning& operator=(const CountOfRunning&) = delete;
  std::atomic<size_t>& running;
  const size_t number;
};

}  // namespace

bool is_line_stream(const HttpRequest& request) {
  std::string_view type = request.header("content-type");
  return std::any_of(std::begin(kNdjsonTypes), std::end(kNdjsonTypes),
                     [&](std::string_view known) { return begins_with_word(type, known); });
}

/// One body. Owner: its I/O thread; outcomes come to it from threads of the engine, by way of that thread.
class StreamImport::Run : public std::enable_shared_from_this<Run> {
 public:
  Run(const IoExecutor& executor, Collector& collector, PerThread<EventParser>& parsers,
      std::shared_ptr<const KeyRing> ring, const Source& source, uint64_t first_line)
      : executor_(executor),
        collector_(collector),
        parsers_(parsers),
        ring_(std::move(ring)),
        source_(source),
        cutter_(cutter_limits(collector.services().limits), first_line),
        wake_(executor) {}

  /// Takes text of the body. Returns when there is room for more. False: it is over, see failure().
  Task<bool> take(std::string_view text) {
    while (cutter_.take(text)) {
      if (source_.trust == SourceTrust::browser && lines_sent_ >= kPublicLinesMax) {
        failure_ = RejectionCode::too_many_events;
        co_return false;
      }
      bool sent = co_await send();
      if (!sent) co_return false;
    }
    co_return true;
  }

  /// Sends what is whole, with the last line when the body has ended well, and waits for all outcomes.
  Task<void> finish(bool body_is_whole) {
    if (body_is_whole) cutter_.end();
    if (!failure_ && !cutter_.empty()) co_await send();
    while (!failure_ && !batches_.empty()) co_await pause();
  }

  const std::optional<RejectionCode>& failure() const { return failure_; }
  uint64_t lines_durable() const { return lines_durable_; }
  uint64_t lines_sent() const { return lines_sent_; }
  const OutcomeCounts& counts() const { return counts_; }
  const ItemErrors& errors() const { return errors_; }

 private:
  struct Batch {
    LineBatch lines;
    std::vector<RejectionCode> codes;
    std::string errors;  // those that are listed
    size_t listed = 0;
    enum class State { under_way, refused, done } state = State::under_way;
    steady_clock::time_point retry_at;
    OutcomeCounts counts;
  };

  static LineCutter::Limits cutter_limits(const IngestLimits& limits) {
    LineCutter::Limits cut;
    cut.line_bytes_max = limits.event_bytes_max + 1;  // one byte more: such a line is refused like any other item
    return cut;
  }

  Task<bool> send() {
    while (!failure_ && batches_.size() >= kBatchesInFlight) co_await pause();
    if (failure_) co_return false;
    auto batch = std::make_shared<Batch>();
    batch->lines = cutter_.release();
    lines_sent_ += batch->lines.lines_covered;
    batches_.push_back(batch);
    offer(batch);
    co_return true;
  }

  Task<void> pause() {
    wake_.expires_after(kLookAgain);
    co_await wake_.async_wait(kUseTaskTuple);
    auto now = steady_clock::now();
    for (const auto& batch : batches_) {
      if (batch->state != Batch::State::refused) continue;
      if (starving_since_ && now - *starving_since_ > kPatience) failure_ = RejectionCode::overloaded;
      if (!failure_ && now >= batch->retry_at) offer(batch);
    }
  }

  void offer(const std::shared_ptr<Batch>& batch) {
    IngestRequest request;
    read(*batch, request.items);
    batch->state = Batch::State::under_way;
    if (request.items.empty()) return take_outcome(*batch, IngestOutcome{});
    std::shared_ptr<Run> self = shared_from_this();
    // The engine calls back on a thread of its own.
    collector_.services().engine.ingest(std::move(request), [self, batch](IngestOutcome outcome) {
      asio::post(self->executor_, [self, batch, outcome = std::move(outcome)] { self->take_outcome(*batch, outcome); });
    });
  }

  void take_outcome(Batch& batch, const IngestOutcome& outcome) {
    wake_.cancel();
    if (outcome.refused == RejectionCode::overloaded) {
      if (!starving_since_) starving_since_ = steady_clock::now();
      batch.state = Batch::State::refused;
      batch.retry_at = steady_clock::now() + kRetryPause;
      return;
    }
    if (outcome.refused) {
      failure_ = outcome.refused;
      return;
    }
    starving_since_.reset();
    batch.state = Batch::State::done;
    batch.counts = count_outcomes(outcome.items);
    while (!batches_.empty() && batches_.front()->state == Batch::State::done) settle_front();
  }

  void settle_front() {
    Batch& batch = *batches_.front();
    lines_durable_ += batch.lines.lines_covered;
    counts_.accepted += batch.counts.accepted;
    counts_.duplicate += batch.counts.duplicate;
    counts_.rejected += batch.counts.rejected;
    ItemErrors of_batch;
    of_batch.codes = std::move(batch.codes);
    count_events(collector_.services().metrics, batch.counts, of_batch);
    size_t listed_max = collector_.services().limits.errors_listed_max;
    if (errors_.listed + batch.listed <= listed_max) {
      if (errors_.listed > 0 && batch.listed > 0) errors_.json += ',';
      errors_.json += batch.errors;
      errors_.listed += batch.listed;
    }
    // Enough to tell that some are not listed, and no more: there may be any number.
    errors_.codes.insert(errors_.codes.end(), of_batch.codes.begin(), of_batch.codes.end());
    errors_.codes.resize(std::min(errors_.codes.size(), errors_.listed + 1));
    batches_.pop_front();
  }

  void read(Batch& batch, std::vector<ParsedItem>& items) {
    const SdkServices& services = collector_.services();
    EventParser& parser = parsers_.get([&] { return std::make_unique<EventParser>(services.limits); });
    const KeyedHash& index_key = services.engine.index_key(source_.workspace);
    ReceiveContext context;
    context.shape = BodyShape::single;
    context.received_at = system_clock().now();
    batch.codes.clear();
    batch.errors.clear();
    batch.listed = 0;
    items.reserve(batch.lines.lines.size());
    for (const LineBatch::Line& line : batch.lines.lines) {
      std::string_view text = batch.lines.of(line);
      ParsedItem& item = items.emplace_back(read_line(line, text, parser, index_key, context));
      if (auto* event = std::get_if<Event>(&item)) {
        if (event->flags & EventFlags::kGeneratedMessageId) event->message_id = message_id_of(line.number, text);
      } else {
        note(line, text, std::get<Rejected>(item), batch);
      }
    }
  }

  ParsedItem read_line(const LineBatch::Line& line, std::string_view text, EventParser& parser,
                       const KeyedHash& index_key, const ReceiveContext& context) {
    std::string reason;
    RejectionCode code = RejectionCode::event_too_large;
    if (!line.too_long) {
      auto refused = parser.parse(text, context.shape);
      if (!refused) {
        std::vector<ParsedItem> one = parser.read_events(source_, index_key, context);
        count_findings(collector_.services().metrics, source_.id, parser.findings());
        return std::move(one.front());
      }
      code = RejectionCode::not_an_object;  // a code of items
      reason = refused->message.empty() ? std::string("the line is not JSON") : refused->message;
    }
    Rejected rejected;
    rejected.workspace = source_.workspace;
    rejected.source = source_.id;
    rejected.code = code;
    rejected.message = reason.empty() ? std::string(rejection_row(code).message) : reason;
    rejected.received_at = context.received_at;
    rejected.raw = text.substr(0, collector_.services().limits.event_bytes_max);
    return rejected;
  }

  // Sent again, a rejected line is known by its id, too.
  void note(const LineBatch::Line& line, std::string_view text, Rejected& rejected, Batch& batch) {
    if (rejected.message_id.empty()) rejected.message_id = message_id_of(line.number, text);
    batch.codes.push_back(rejected.code);
    if (errors_.listed + batch.listed >= collector_.services().limits.errors_listed_max) return;
    if (batch.listed++ > 0) batch.errors += ',';
    append_item_error(batch.errors, "line", line.number, rejected);
  }

  const IoExecutor executor_;
  Collector& collector_;
  PerThread<EventParser>& parsers_;
  const std::shared_ptr<const KeyRing> ring_;  // keeps the source
  const Source& source_;
  LineCutter cutter_;
  std::deque<std::shared_ptr<Batch>> batches_;  // in the order of their lines, until they and all before are durable
  StreamTimer wake_;                            // cancelled by every outcome
  std::optional<steady_clock::time_point> starving_since_;  // the first refusal behind the last success
  std::optional<RejectionCode> failure_;
  uint64_t lines_durable_ = 0;
  uint64_t lines_sent_ = 0;
  OutcomeCounts counts_;
  ItemErrors errors_;
};

StreamImport::StreamImport(std::shared_ptr<Collector> collector) : collector_(std::move(collector)) {}

Task<HttpResponse> StreamImport::collect(HttpRequest& request) {
  auto ring = collector_->services().keys.get();
  WriteKeyFinding finding = find_write_key(request);
  if (finding.malformed) co_return collector_->refuse(request, RejectionCode::invalid_write_key);
  Collector::Access known = Collector::access(*ring, request, finding.key);
  if (known.refusal) co_return collector_->refuse(request, *known.refusal);
  auto first_line = first_line_of(request);
  if (!first_line) {
    co_return collector_->refuse(request, RejectionCode::invalid_parameter, "first_line is not the number of a line");
  }
  CountOfRunning place(running_);
  bool fits = request.charge == nullptr || request.charge->hold_text(kHeldBytes);
  size_t places = known.source->trust == SourceTrust::browser ? kStreamsMax / 2 : kStreamsMax;
  if (!fits || place.number > places) {
    co_return collector_->refuse(request, RejectionCode::overloaded, "as many streams as may be are being read");
  }
  IoExecutor executor = co_await asio::this_coro::executor;
  auto run = std::make_shared<Run>(executor, *collector_, parsers_, std::move(ring), *known.source, *first_line);
  HttpResponse response = co_await read_body(request, std::move(run));
  co_return response;
}

Task<HttpResponse> StreamImport::read_body(HttpRequest& request, std::shared_ptr<Run> run) {
  BodyText text(request);
  std::optional<RequestRejection> fault;
  bool whole = false;
  IoExecutor executor = co_await asio::this_coro::executor;
  while (!whole && !fault && !run->failure()) {
    co_await asio::post(executor, kUseTask);  // a body that expands a thousandfold must not keep the thread
    BodyText::Piece piece = co_await text.next();
    fault = std::move(piece.fault);
    whole = !fault && piece.text.empty();
    if (!fault && !whole) co_await run->take(piece.text);
  }
  co_await run->finish(whole);
  if (run->failure()) fault = RequestRejection{*run->failure(), {}};
  co_return answer(request, *run, fault);
}

HttpResponse StreamImport::answer(const HttpRequest& request, const Run& run,
                                  const std::optional<RequestRejection>& fault) {
  HttpResponse response;
  const OutcomeCounts& counts = run.counts();
  if (fault) {
    response = collector_->refuse(request, fault->code, fault->message);
    add_member(response, "accepted", std::to_string(counts.accepted));
    add_member(response, "duplicate", std::to_string(counts.duplicate));
    add_member(response, "rejected", std::to_string(counts.rejected));
    add_member(response, "errors", "[" + run.errors().json + "]");
  } else {
    response = json_response(success_envelope(counts, run.errors()));
    add_member(response, "lines", std::to_string(run.lines_sent()));
  }
  add_member(response, "lines_durable", std::to_string(run.lines_durable()));
  return response;
}

}  // namespace tributary
