// Reads a log directory and decides whether it holds all that was acknowledged.
//
// 1 read the mark · 2 check every segment's header, and each raw segment's records · 3 chain them: base LSN, previous
// checksum, store id, rising epochs · 4 compare the end with the mark and with the state's applied LSN. A torn tail
// that was never acknowledged is dropped; everything else that does not fit is refused, naming file and offset, unless
// the operator accepts the loss.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/log/block_cache.h"
#include "engine/log/mark_file.h"
#include "engine/log/raw_segment.h"
#include "engine/log/sealed_segment.h"
#include "engine/log/segment_catalog.h"

namespace tributary {

/// LSNs `first` .. `last` are missing between two segments, and an operator accepted it. An empty range (last = first -
/// 1) stands for two segments whose checksums do not chain.
struct AcceptedGap {
  Lsn first;
  Lsn last;
  friend bool operator==(const AcceptedGap&, const AcceptedGap&) = default;
};

struct RecoveryMode {
  Lsn applied;  // the state's witness
  bool accept_loss = false;
};

struct RecoveredLog {
  SegmentCatalog::Segments segments;     // chained, none empty but perhaps the last
  std::shared_ptr<RawSegment> last_raw;  // the last segment when it is raw; null otherwise
  Lsn last_lsn;                          // of the last good record, or of the accepted loss behind it
  uint32_t last_crc = 0;
  Timestamp last_received_at;
  uint64_t epoch_max = 0;
  std::optional<MarkState> mark;
  std::string store_id;  // empty for a new directory
  uint64_t tail_dropped_bytes = 0;
  std::vector<AcceptedGap> new_gaps;        // accepted now, not yet written down
  uint64_t lost_records = 0;                // in new_gaps
  std::vector<std::string> damaged_files;   // to be set aside
  std::vector<std::string> leftover_files;  // trimmed or sealed before: to be deleted
};

/// Writes nothing. Errors: corrupt, io.
Result<RecoveredLog> recover_log(const std::string& directory, const RecoveryMode& mode, BlockCache& cache);

/// Gaps that were accepted at earlier starts, from the file `accepted-loss`, one line each: first lsn, last lsn, time.
/// Lines that cannot be read are skipped.
Result<std::vector<AcceptedGap>> read_accepted_gaps(const std::string& directory);
/// Appends to that file, durably.
Result<void> write_accepted_gaps(const std::string& directory, const std::vector<AcceptedGap>& gaps, FileOps& files);

}  // namespace tributary
