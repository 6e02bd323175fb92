#include "engine/log/recovery.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "engine/base/test_bug.h"

namespace tributary {
namespace {

struct SegmentFile {
  Lsn base;
  std::string path;
  bool sealed = false;
};

/// One segment with what the chain needs of it.
struct Link {
  std::shared_ptr<Segment> segment;
  std::shared_ptr<RawSegment> raw;  // the same one, when it is raw
  uint32_t last_crc = 0;
  Timestamp last_received_at;
};

std::optional<Lsn> base_of_name(const std::string& name, std::string_view suffix) {
  constexpr size_t kDigits = 20;
  if (name.size() != kDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  uint64_t value = 0;
  for (char digit : std::string_view(name).substr(0, kDigits)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(digit - '0');
  }
  return Lsn{value};
}

Result<std::vector<std::string>> list_directory(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(directory, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return errno_error("listing " + directory, error.value());
  return names;
}

Result<Link> load_segment(const SegmentFile& file, BlockCache& cache) {
  if (!file.sealed) {
    auto scan = scan_raw_segment(file.path);
    if (!scan) return scan.error();
    return Link{scan->segment, scan->segment, scan->last_crc, scan->last_received_at};
  }
  auto sealed = SealedSegment::open(file.path, cache);
  if (!sealed) return sealed.error();
  return Link{*sealed, nullptr, (*sealed)->summary().last_crc, (*sealed)->summary().last_received_at};
}

std::string lsn_text(Lsn lsn) { return std::to_string(lsn.value()); }

class Recovery {
 public:
  Recovery(std::string directory, const RecoveryMode& mode, BlockCache& cache)
      : directory_(std::move(directory)), mode_(mode), cache_(cache) {}

  Result<RecoveredLog> run() {
    TRIBUTARY_TRY(read_witnesses());
    TRIBUTARY_TRY(list_segments());
    TRIBUTARY_TRY(require_mark());
    for (const SegmentFile& file : files_) {
      if (!chain_ended_) TRIBUTARY_TRY(take(file));
    }
    TRIBUTARY_TRY(check_first());
    TRIBUTARY_TRY(check_end());
    return std::move(log_);
  }

 private:
  Result<void> read_witnesses();
  Result<void> list_segments();
  Result<void> require_mark();
  Result<void> take(const SegmentFile& file);
  Result<void> check_header(const Segment& segment, const SegmentFile& file) const;
  Result<void> check_chain(const Segment& segment);
  Result<void> check_first();
  Result<void> check_end();
  void append(Link link);
  Result<void> accept_or_refuse(AcceptedGap gap, Error refusal);
  std::string end_of_log() const;

  const std::string directory_;
  const RecoveryMode mode_;
  BlockCache& cache_;
  RecoveredLog log_;
  std::vector<SegmentFile> files_;
  std::vector<AcceptedGap> old_gaps_;
  bool chain_ended_ = false;  // only the defect stop_at_bad_record sets it
};

Result<void> Recovery::read_witnesses() {
  auto mark = read_mark(directory_);
  if (!mark && !(mode_.accept_loss && mark.error().code == ErrorCode::corrupt)) return mark.error();
  if (mark) log_.mark = *mark;
  if (log_.mark) {
    log_.store_id = log_.mark->store_id;
    log_.epoch_max = log_.mark->epoch;
    log_.last_lsn = Lsn{log_.mark->first.value() - 1};
  }
  auto gaps = read_accepted_gaps(directory_);
  if (!gaps) return gaps.error();
  old_gaps_ = std::move(*gaps);
  return {};
}

Result<void> Recovery::list_segments() {
  auto names = list_directory(directory_);
  if (!names) return names.error();
  std::map<Lsn, SegmentFile> by_base;
  for (const std::string& name : *names) {
    std::string path = directory_ + "/" + name;
    auto raw = base_of_name(name, kRawSuffix);
    auto sealed = base_of_name(name, kSealedSuffix);
    if (!raw && !sealed) continue;
    SegmentFile file{raw ? *raw : *sealed, path, sealed.has_value()};
    auto [place, fresh] = by_base.try_emplace(file.base, file);
    if (fresh) continue;
    // A sealed file has its name only when it is complete and durable: its raw twin was about to be recycled.
    log_.leftover_files.push_back(file.sealed ? place->second.path : path);
    if (file.sealed) place->second = file;
  }
  Lsn first = log_.mark ? log_.mark->first : Lsn{1};
  for (auto file = by_base.begin(); file != by_base.end(); ++file) {
    bool trimmed = std::next(file) != by_base.end() && std::next(file)->first <= first;
    if (trimmed) log_.leftover_files.push_back(file->second.path);
    if (!trimmed) files_.push_back(file->second);
  }
  return {};
}

/// The mark is made before the first segment: segments without it mean that it was lost.
Result<void> Recovery::require_mark() {
  if (log_.mark || files_.empty() || mode_.accept_loss || test_bug("no_mark")) return {};
  return Error{ErrorCode::corrupt, "opening log " + directory_ + ": the acked mark " + directory_ + "/" +
                                       std::string(kMarkFileName) + " is missing, but the log has segments"};
}

Result<void> Recovery::take(const SegmentFile& file) {
  auto link = load_segment(file, cache_);
  if (!link && link.error().code != ErrorCode::corrupt) return link.error();
  Result<void> header = link ? check_header(*link->segment, file) : Result<void>(link.error());
  if (!header && test_bug("stop_at_bad_record")) {
    chain_ended_ = true;
    return {};
  }
  if (!header && !mode_.accept_loss) return with_context("opening log", header.error());
  if (!header) {
    // What it held becomes a gap, which the next segment or the mark will show.
    log_.damaged_files.push_back(file.path);
    return {};
  }
  TRIBUTARY_TRY(check_chain(*link->segment));
  if (!chain_ended_) append(std::move(*link));
  return {};
}

Result<void> Recovery::check_header(const Segment& segment, const SegmentFile& file) const {
  auto wrong = [&](const std::string& what) {
    return Error{ErrorCode::corrupt, file.path + ": segment header at offset 0: " + what};
  };
  if (segment.base() != file.base)
    return wrong("base LSN " + lsn_text(segment.base()) + " does not fit the file's name");
  if (!log_.store_id.empty() && segment.header().store_id != log_.store_id) return wrong("it belongs to another store");
  if (!log_.segments.empty() && segment.header().epoch <= log_.segments.back()->header().epoch) {
    return wrong("its epoch does not follow the segment before it");
  }
  return {};
}

Result<void> Recovery::check_chain(const Segment& segment) {
  if (log_.segments.empty()) return {};
  bool follows = segment.base() == next(log_.last_lsn) && segment.header().previous_crc == log_.last_crc;
  if (follows) return {};
  Error refusal{ErrorCode::corrupt, "opening log: the last good record is LSN " + end_of_log() + ", but " +
                                        segment.path() + " follows LSN " + std::to_string(segment.base().value() - 1)};
  // A base that is not above the last LSN is no gap but a foreign file: nothing to accept.
  if (segment.base() <= log_.last_lsn) return refusal;
  return accept_or_refuse({next(log_.last_lsn), Lsn{segment.base().value() - 1}}, std::move(refusal));
}

void Recovery::append(Link link) {
  const SegmentHeader& header = link.segment->header();
  log_.store_id = header.store_id;
  log_.epoch_max = std::max(log_.epoch_max, header.epoch);
  log_.last_lsn = link.segment->last();
  log_.last_crc = link.last_crc;
  log_.last_received_at = std::max(log_.last_received_at, link.last_received_at);
  log_.last_raw = link.raw;
  log_.segments.push_back(std::move(link.segment));
}

/// Segments that disappeared from the front: trimming notes in the mark what is kept.
Result<void> Recovery::check_first() {
  if (log_.segments.empty()) return {};
  Lsn base = log_.segments.front()->base();
  Lsn first = log_.mark ? log_.mark->first : Lsn{1};
  if (base <= first) return {};
  return accept_or_refuse({first, Lsn{base.value() - 1}},
                          {ErrorCode::corrupt, "opening log: the segment with LSN " + lsn_text(first) +
                                                   " is missing; the first file is " + log_.segments.front()->path()});
}

Result<void> Recovery::check_end() {
  if (log_.last_raw != nullptr) {
    auto remains = remains_behind(*log_.last_raw);
    if (!remains) return remains.error();
    log_.tail_dropped_bytes = *remains;
  }
  Lsn mark = log_.mark ? log_.mark->lsn : Lsn{};
  Lsn witness = std::max(mark, mode_.applied);
  if (log_.last_lsn >= witness || test_bug("stop_at_bad_record")) return {};
  Error refusal{ErrorCode::corrupt, "opening log " + directory_ + ": the last good record is LSN " + end_of_log() +
                                        ", but LSN " + lsn_text(mark) + " was acknowledged and LSN " +
                                        lsn_text(mode_.applied) + " applied"};
  TRIBUTARY_TRY(accept_or_refuse({next(log_.last_lsn), witness}, std::move(refusal)));
  // New records come behind what was lost, so that no LSN ever names two records.
  log_.last_lsn = witness;
  bool empty_last = log_.last_raw != nullptr && log_.last_raw->empty();
  if (empty_last) log_.damaged_files.push_back(log_.last_raw->path());
  return {};
}

Result<void> Recovery::accept_or_refuse(AcceptedGap gap, Error refusal) {
  if (std::find(old_gaps_.begin(), old_gaps_.end(), gap) != old_gaps_.end()) return {};
  if (test_bug("stop_at_bad_record")) {
    chain_ended_ = true;
    return {};
  }
  if (!mode_.accept_loss) return refusal;
  log_.new_gaps.push_back(gap);
  log_.lost_records += gap.last.value() + 1 - gap.first.value();
  return {};
}

/// "17 (/data/log/00000000000000000001.seg, damaged or ending at offset 5224)".
std::string Recovery::end_of_log() const {
  std::string text = lsn_text(log_.last_lsn);
  if (log_.segments.empty()) return text + " (no segment)";
  text += " (" + log_.segments.back()->path();
  if (log_.last_raw != nullptr) {
    text += ", damaged or ending at offset " + std::to_string(log_.last_raw->end_offset());
  }
  return text + ")";
}

}  // namespace

Result<RecoveredLog> recover_log(const std::string& directory, const RecoveryMode& mode, BlockCache& cache) {
  return Recovery(directory, mode, cache).run();
}

}  // namespace tributary
