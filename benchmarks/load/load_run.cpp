#include "benchmarks/load/load_run.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <ctime>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "benchmarks/load/connection.h"

namespace tributary::load {
namespace {

constexpr uint64_t kErrorsMax = 1000;
constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint32_t kTimer = UINT32_MAX;
// Sends that are due come in groups at most this far apart; being late counts as latency.
constexpr uint64_t kPacingNanoseconds = 100'000;

uint64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * kSecond + static_cast<uint64_t>(time.tv_nsec);
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

/// `"accepted":N` of the answer's envelope, or -1.
int64_t accepted_of(std::string_view body) {
  constexpr std::string_view kMember = "\"accepted\":";
  size_t at = body.find(kMember);
  if (at == std::string_view::npos) return -1;
  int64_t number = -1;
  std::from_chars(body.data() + at + kMember.size(), body.data() + body.size(), number);
  return number;
}

struct Slot {
  Connection connection;
  std::unique_ptr<RequestMaker> maker;
  uint64_t begun_at = 0;  // sent, or should have been sent
  bool watches_write = false;
};

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options),
        population_(options_.workload, std::random_device{}() % kSecond),
        slots_(options.connections) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    watch(timer_, kTimer, EPOLLIN, EPOLL_CTL_ADD);
  }
  ~Load() {
    ::close(timer_);
    ::close(epoll_);
  }

  LoadResult run() {
    for (uint32_t i = 0; i < slots_.size(); ++i) {
      slots_[i].maker = std::make_unique<RequestMaker>(options_.workload, population_);
      if (!reopen(i)) return std::move(result_);
    }
    result_.event_bytes = slots_.front().maker->event_bytes();
    begin();
    while (!over()) wait_and_serve();
    finish();
    return std::move(result_);
  }

 private:
  void watch(int descriptor, uint32_t id, uint32_t events, int operation) {
    epoll_event event{};
    event.events = events;
    event.data.u32 = id;
    ::epoll_ctl(epoll_, operation, descriptor, &event);
  }

  bool reopen(uint32_t id) {
    Slot& slot = slots_[id];
    if (!slot.connection.open(options_.host, options_.port)) {
      error("cannot connect");
      unreachable_ = true;
      return false;
    }
    slot.watches_write = false;
    watch(slot.connection.descriptor(), id, EPOLLIN, EPOLL_CTL_ADD);
    idle_.push_back(id);
    return true;
  }

  void begin() {
    started_at_ = now_ns();
    measure_from_ = started_at_ + static_cast<uint64_t>(options_.warmup_seconds * 1e9);
    stop_at_ = measure_from_ + static_cast<uint64_t>(options_.seconds * 1e9);
    cpu_at_start_ = cpu_seconds();
    if (options_.rate > 0) {
      interval_ = 1e9 / options_.rate;
      itimerspec pace{};
      uint64_t period = std::max<uint64_t>(static_cast<uint64_t>(interval_), kPacingNanoseconds);
      pace.it_interval.tv_sec = static_cast<time_t>(period / kSecond);
      pace.it_interval.tv_nsec = static_cast<long>(period % kSecond);
      pace.it_value = pace.it_interval;
      ::timerfd_settime(timer_, 0, &pace, nullptr);
    }
    send_due();
  }

  bool sending() const {
    if (options_.requests > 0) return sent_ < options_.requests;
    return now_ < stop_at_;
  }
  bool over() const {
    if (unreachable_ || result_.errors >= kErrorsMax) return true;
    return idle_.size() == slots_.size() && waiting_.empty() && !sending();
  }

  void wait_and_serve() {
    std::array<epoll_event, 256> events;
    int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
    now_ = now_ns();
    for (int i = 0; i < count; ++i) {
      uint32_t id = events[static_cast<size_t>(i)].data.u32;
      if (id == kTimer) {
        uint64_t expirations;
        [[maybe_unused]] ssize_t read = ::read(timer_, &expirations, sizeof expirations);
        continue;
      }
      handle(id, slots_[id].connection.advance());
    }
    send_due();
  }

  /// Closed loop: every idle connection sends. Open loop: the schedule decides, and waits for an idle connection.
  void send_due() {
    now_ = now_ns();
    if (options_.rate == 0) {
      while (!idle_.empty() && sending()) send(now_);
      return;
    }
    for (; sending() && next_due() <= now_; ++sent_) {
      waiting_.push_back(next_due());
      ++scheduled_;
    }
    while (!idle_.empty() && !waiting_.empty()) {
      send(waiting_.front());
      waiting_.pop_front();
    }
  }
  uint64_t next_due() const { return started_at_ + static_cast<uint64_t>(interval_ * static_cast<double>(scheduled_)); }

  void send(uint64_t begun_at) {
    uint32_t id = idle_.front();  // in turn: a server closes what stays silent
    idle_.pop_front();
    if (options_.rate == 0) ++sent_;
    Slot& slot = slots_[id];
    slot.begun_at = begun_at;
    handle(id, slot.connection.send(slot.maker->next()));
  }

  void handle(uint32_t id, Progress progress) {
    Slot& slot = slots_[id];
    if (progress == Progress::broken) {
      error("connection lost");
      if (slot.connection.idle()) std::erase(idle_, id);
      reopen(id);
      return;
    }
    if (progress == Progress::answered) {
      check(slot);
      idle_.push_back(id);
    }
    bool write = slot.connection.wants_to_write();
    if (write != slot.watches_write) {
      slot.watches_write = write;
      watch(slot.connection.descriptor(), id, write ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    }
  }

  void check(Slot& slot) {
    int status = slot.connection.status();
    std::string_view body = slot.connection.body();
    bool right = options_.peer ? status / 100 == 2 : status == 200;
    // Platforms are answered with a status and nothing else; what became of their events stands in the metrics.
    bool has_counts = !options_.peer && options_.workload.webhook.empty();
    if (right && has_counts) {
      bool reads = options_.workload.lookup || !options_.workload.get.empty();
      right = reads ? body.find("\"customer_id\"") != std::string_view::npos
                    : accepted_of(body) == static_cast<int64_t>(slot.maker->events());
    }
    if (!right) {
      error("answer " + std::to_string(status) + " " + std::string(body.substr(0, 300)));
      return;
    }
    uint64_t answered_at = now_ns();
    // A request counts when it was answered within the measured time, whatever happens to those still under way.
    bool measured = options_.requests > 0 || (answered_at >= measure_from_ && answered_at <= stop_at_);
    if (options_.rate > 0) measured = slot.begun_at >= measure_from_;
    if (!measured) return;
    ++result_.requests;
    result_.events += slot.maker->events();
    result_.latency.record(answered_at > slot.begun_at ? answered_at - slot.begun_at : 0);
  }

  void error(std::string what) {
    if (result_.errors++ == 0) result_.first_error = std::move(what);
  }

  void finish() {
    uint64_t end = now_ns();
    bool by_count = options_.requests > 0;
    result_.seconds = by_count ? static_cast<double>(end - started_at_) / 1e9 : options_.seconds;
    result_.client_cpu_seconds = cpu_seconds() - cpu_at_start_;
  }

  LoadOptions options_;
  Population population_;
  std::vector<Slot> slots_;
  std::deque<uint32_t> idle_;
  std::deque<uint64_t> waiting_;  // intended times of requests that found no idle connection
  int epoll_ = -1;
  int timer_ = -1;
  uint64_t now_ = 0, started_at_ = 0, measure_from_ = 0, stop_at_ = 0;
  uint64_t sent_ = 0, scheduled_ = 0;
  bool unreachable_ = false;
  double interval_ = 0;
  double cpu_at_start_ = 0;
  LoadResult result_;
};

}  // namespace

LoadResult run_load(const LoadOptions& options) { return Load(options).run(); }

}  // namespace tributary::load
