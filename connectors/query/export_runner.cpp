#include "connectors/query/export_runner.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace tributary {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;
using ExportTimer = asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, IoExecutor>;

/// A snapshot keeps what was overwritten or erased since, and two readers at a time are all there may be.
constexpr std::chrono::hours kExportTimeMax{2};
constexpr size_t kPieceBytes = 256 << 10;
constexpr std::chrono::milliseconds kPieceTime{250};     // what was found until then is sent, or that nothing was
constexpr std::chrono::milliseconds kRenewedWait{1000};  // a wait that was not cut short is begun again

/// One of the exports that may run.
class Place {
 public:
  explicit Place(std::shared_ptr<std::atomic<size_t>> running) : running_(std::move(running)) {
    taken_ = ++*running_ <= ExportRunner::kExportsMax;
  }
  ~Place() { --*running_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool taken() const { return taken_; }

 private:
  std::shared_ptr<std::atomic<size_t>> running_;
  bool taken_ = false;
};

}  // namespace

/// An export. Owner: the I/O thread, which lends all but the timer and the outcome to a thread of the runner while a
/// piece is read.
struct ExportRunner::Reading {
  Reading(const IoExecutor& executor, ExportOrder ordered, std::shared_ptr<std::atomic<size_t>> running)
      : place(std::move(running)), order(std::move(ordered)), wake(executor) {}

  Result<void> open(Engine& engine) {
    if (order.thing == ExportedThing::profiles) {
      auto opened = engine.export_profiles(order.workspace, order.moment);
      if (!opened) return opened.error();
      profiles = std::move(*opened);
    } else {
      auto opened = engine.export_events(order.workspace, order.events);
      if (!opened) return opened.error();
      events = std::move(*opened);
    }
    return {};
  }

  template <class Item>
  Result<ExportStep> add(Export<Item>& source, Item& item, std::string& out) {
    auto step = source.next(item);
    if (!step || *step != ExportStep::item) return step;
    order.format->add(item, out);
    ++count;
    return step;
  }

  Result<BodyPiece> piece(Engine& engine) {
    BodyPiece piece;
    if (steady_clock::now() - begun > kExportTimeMax) return Error(ErrorCode::stopping, "the export takes too long");
    if (!profiles && !events) {
      TRIBUTARY_TRY(open(engine));
      order.format->begin(piece.bytes);
    }
    auto until = steady_clock::now() + kPieceTime;
    while (piece.bytes.size() < kPieceBytes && steady_clock::now() < until) {
      auto step = profiles ? add(*profiles, profile, piece.bytes) : add(*events, event, piece.bytes);
      if (!step) return step.error();
      if (*step != ExportStep::end) continue;
      order.format->end(count, piece.bytes);
      piece.last = true;
      break;
    }
    return piece;
  }

  const steady_clock::time_point begun = steady_clock::now();
  Place place;
  ExportOrder order;
  std::unique_ptr<ProfileExport> profiles;
  std::unique_ptr<EventExport> events;
  ProfileView profile;  // keep their memory
  ExportedEvent event;
  uint64_t count = 0;
  std::optional<Result<BodyPiece>> outcome;
  ExportTimer wake;  // cancelled as soon as there is an outcome
};

class ExportRunner::Stream : public BodyProducer {
 public:
  Stream(ExportRunner& runner, const HttpRequest& request, std::shared_ptr<Reading> reading)
      : runner_(runner), request_(request), reading_(std::move(reading)) {}

  Task<Result<void>> read_first() {
    auto piece = co_await read();
    if (!piece) co_return piece.error();
    first_ = std::move(*piece);
    co_return Result<void>();
  }

  Task<Result<BodyPiece>> next() override {
    if (first_) {
      BodyPiece piece = std::move(*first_);
      first_.reset();
      co_return piece;
    }
    if (!request_.is_awaited()) co_return Error(ErrorCode::stopping, "nobody waits for the export");
    auto piece = co_await read();
    if (!piece) log_line(LogLevel::warn, "an export ended early", {{"reason", piece.error().message}});
    co_return piece;
  }

 private:
  Task<Result<BodyPiece>> read() {
    if (runner_.stopping_) co_return Error(ErrorCode::stopping, "exports have ended");
    std::shared_ptr<Reading> reading = reading_;
    reading->outcome.reset();
    asio::post(runner_.pool_, [runner = &runner_, reading]() mutable { runner->read(std::move(reading)); });
    while (!reading->outcome) {
      if (runner_.stopped_) co_return Error(ErrorCode::stopping, "exports have ended");
      reading->wake.expires_after(kRenewedWait);
      co_await reading->wake.async_wait(kUseTaskTuple);
    }
    co_return std::move(*reading->outcome);
  }

  ExportRunner& runner_;
  const HttpRequest& request_;
  std::shared_ptr<Reading> reading_;
  std::optional<BodyPiece> first_;
};

ExportRunner::ExportRunner(Engine& engine) : engine_(engine) {}

Task<Result<std::shared_ptr<BodyProducer>>> ExportRunner::begin(const HttpRequest& request, ExportOrder order) {
  IoExecutor executor = co_await asio::this_coro::executor;
  auto reading = std::make_shared<Reading>(executor, std::move(order), running_);
  if (!reading->place.taken()) co_return Error(ErrorCode::overloaded, "as many exports as may be are running");
  auto stream = std::make_shared<Stream>(*this, request, std::move(reading));
  auto begun = co_await stream->read_first();
  if (!begun) co_return begun.error();
  co_return std::shared_ptr<BodyProducer>(std::move(stream));
}

void ExportRunner::read(std::shared_ptr<Reading> reading) {
  std::optional<Result<BodyPiece>> outcome;
  try {
    outcome = reading->piece(engine_);
  } catch (const std::exception& error) {  // one reader must not end the server
    outcome = Error(ErrorCode::io, std::string("the export failed: ") + error.what());
  }
  IoExecutor executor = reading->wake.get_executor();
  // The export leaves this thread here: its timer belongs to the other.
  asio::post(executor, [reading = std::move(reading), outcome = std::move(outcome)]() mutable {
    reading->outcome = std::move(*outcome);
    reading->wake.cancel();
  });
}

void ExportRunner::stop() {
  stopping_ = true;
  pool_.join();
  stopped_ = true;
}

}  // namespace tributary
