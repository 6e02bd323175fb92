#include "engine/log/group_commit.h"

#include <algorithm>

#include "engine/base/log_line.h"
#include "engine/base/test_bug.h"
#include "engine/log/thread_name.h"

namespace tributary {
namespace {

constexpr std::chrono::microseconds kGroupInterval{400};

}  // namespace

GroupCommit::GroupCommit(Limits limits, AppendQueue& queue, SegmentWriter& writer, MarkWriter& marks, Metrics& metrics,
                         Timestamp last_received_at, std::atomic<bool>& failed)
    : limits_(limits),
      queue_(queue),
      writer_(writer),
      marks_(marks),
      metrics_(metrics),
      failed_(failed),
      last_received_at_(last_received_at),
      last_durable_(writer.next_lsn().value() - 1) {}

void GroupCommit::start(Log::Sink sink) {
  sink_ = std::move(sink);
  thread_ = std::thread([this] {
    name_this_thread("trib-log");
    run();
  });
}

void GroupCommit::stop() {
  if (thread_.joinable()) thread_.join();
}

void GroupCommit::run() {
  while (take_waiting()) {
    if (failed_) return fail({ErrorCode::io, "appending: an earlier write of the log failed"}, {});
#ifdef TRIBUTARY_TEST_BUGS
    if (auto written = write_held(); !written) return fail(written.error(), {});
#endif
    Plan next = plan();
    // The epoch is part of every checksum: the segment must be chosen before the group is encoded.
    auto room = writer_.make_room(next.disk_bytes);
    if (!room) return fail(room.error(), {});
    Group group = encode(next);
    hand_over(next, group);
    auto committed = commit(group);
    if (!committed) return fail(committed.error(), group.completions);
  }
#ifdef TRIBUTARY_TEST_BUGS
  if (auto written = write_held(); !written) fail(written.error(), {});
#endif
}

/// False when closed and empty. Requests that come close upon each other share a group: a sync, a mark and a wake-up of
/// every thread cost more than their parsing, and while processors are busy the disk alone does not make groups large.
bool GroupCommit::take_waiting() {
  if (last_group_requests_ > 1) std::this_thread::sleep_until(last_group_began_ + kGroupInterval);
  bool taken = queue_.take(waiting_);
  last_group_began_ = std::chrono::steady_clock::now();
  last_group_requests_ = waiting_.size();
  return taken;
}

/// As much as fits into one group, at least one record; a request may be cut between two records.
GroupCommit::Plan GroupCommit::plan() const {
  Plan plan;
  for (size_t i = 0; i < waiting_.size(); ++i) {
    const auto& records = waiting_[i].request.records;
    Slice slice{i, waiting_[i].written, 0, false};
    for (size_t at = slice.first; at < records.size(); ++at) {
      size_t bytes = record_bytes(records[at].payload.size());
      bool full = plan.records == limits_.group_records_max || plan.disk_bytes + bytes > limits_.group_bytes_max;
      if (full && plan.records > 0) break;
      plan.disk_bytes += bytes;
      plan.payload_bytes += records[at].payload.size();
      ++plan.records;
      ++slice.count;
    }
    slice.ends_request = slice.first + slice.count == records.size();
    if (slice.count > 0) plan.slices.push_back(slice);
    if (!slice.ends_request) break;
  }
  return plan;
}

/// Copies the records into one buffer, where the fold reads them too. A copy of 4 MiB costs less than 12,000 iovecs.
GroupCommit::Group GroupCommit::encode(const Plan& plan) {
  Group group;
  std::shared_ptr<char[]> buffer = std::make_shared_for_overwrite<char[]>(plan.disk_bytes);
  uint32_t seed = epoch_seed(writer_.epoch());
  group.epoch = writer_.epoch();
  group.payload_bytes = plan.payload_bytes;
  group.encoded.bytes = {buffer.get(), plan.disk_bytes};
  group.encoded.first = writer_.next_lsn();
  group.durable.records.reserve(plan.records);
  Lsn lsn = group.encoded.first;
  char* out = buffer.get();
  for (const Slice& slice : plan.slices) {
    const auto& records = waiting_[slice.request].request.records;
    for (size_t i = slice.first; i < slice.first + slice.count; ++i) {
      const Record& record = records[i];
      last_received_at_ = std::max(last_received_at_, record.received_at);
      RecordView view{lsn, record.kind, record.workspace, record.partition, last_received_at_, record.payload};
      bool last = group.durable.records.size() + 1 == plan.records;
      group.encoded.last_crc = encode_record(out, view, last ? kFlagLastOfGroup : 0, seed);
      if (writer_.indexed(lsn)) group.encoded.index.emplace_back(lsn, static_cast<uint32_t>(out - buffer.get()));
      view.payload = {out + kRecordHeaderBytes, record.payload.size()};
      group.durable.records.push_back(view);
      group.encoded.last = lsn;
      out += record_bytes(record.payload.size());
      lsn = next(lsn);
    }
  }
  group.durable.memory.push_back(std::move(buffer));
  return group;
}

/// Ties the callers to the group and takes the finished requests out of the waiting ones.
void GroupCommit::hand_over(const Plan& plan, Group& group) {
  size_t first = 0;
  for (const Slice& slice : plan.slices) {
    WaitingAppend& waiting = waiting_[slice.request];
    group.appends.push_back({waiting.request.context, first, slice.count});
    first += slice.count;
    waiting.written += slice.count;
    if (!slice.ends_request) break;
    group.completions.push_back({std::move(waiting.request.done), Lsn{group.encoded.first.value() + first - 1},
                                 std::move(waiting.request.records)});
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(group.completions.size()));
}

Result<void> GroupCommit::write(const EncodedGroup& group) {
  TRIBUTARY_TRY(writer_.write(group));
  last_durable_.store(group.last.value(), std::memory_order_release);
  return {};
}

Result<void> GroupCommit::commit(Group& group) {
#ifdef TRIBUTARY_TEST_BUGS
  if (test_bug("ack_before_sync")) return acknowledge_before_sync(group);
#endif
  TRIBUTARY_TRY(write(group.encoded));
  publish(group);
  return {};
}

void GroupCommit::publish(Group& group) {
  size_t records = group.durable.records.size();
  // The sink comes first, so that it knows of every record before its `done`; the mark's sync runs while the fold
  // works.
  if (sink_) sink_(std::move(group.durable), std::move(group.appends));
  marks_.submit(std::move(group.completions), group.encoded.last, group.epoch);
  queue_.release(records, group.payload_bytes);
  AppendQueue::Size left = queue_.size();
  metrics_.log_group_records.observe(static_cast<double>(records));
  metrics_.log_last_lsn.set(static_cast<double>(group.encoded.last.value()));
  metrics_.log_queue_events.set(static_cast<double>(left.records));
  metrics_.log_queue_bytes.set(static_cast<double>(left.bytes));
}

void GroupCommit::fail(const Error& error, const std::vector<DurableCompletion>& completions) {
  failed_ = true;
  queue_.close(AppendRefusal::failed);
  log_line(LogLevel::error, "writing the log failed: nothing is written any more", {{"error", error.message}});
  for (const DurableCompletion& completion : completions) {
    if (completion.done) completion.done(error);
  }
  do {
    for (WaitingAppend& waiting : waiting_) {
      if (waiting.request.done) waiting.request.done(error);
    }
    waiting_.clear();
  } while (queue_.take(waiting_));
}

}  // namespace tributary
