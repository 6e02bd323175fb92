// The defect `ack_before_sync`: acknowledges a group that is still in memory and writes it only when the next one
// comes, so that kill -9 loses what a client was told is safe. The delay matters: bytes in the page cache survive kill
// -9.
#include "engine/log/group_commit.h"

namespace tributary {

#ifdef TRIBUTARY_TEST_BUGS

Result<void> GroupCommit::acknowledge_before_sync(Group& group) {
  for (DurableCompletion& completion : group.completions) {
    if (completion.done) completion.done(completion.last_lsn);
  }
  group.completions.clear();
  held_ = std::make_unique<Group>(group);
  if (sink_) sink_(std::move(group.durable), std::move(group.appends));
  return {};
}

Result<void> GroupCommit::write_held() {
  if (held_ == nullptr) return {};
  auto held = std::move(held_);
  TRIBUTARY_TRY(write(held->encoded));
  marks_.submit({}, held->encoded.last, held->epoch);
  queue_.release(held->durable.records.size(), held->payload_bytes);
  return {};
}

#endif

}  // namespace tributary
