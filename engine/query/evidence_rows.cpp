#include "engine/query/evidence_rows.h"

#include <algorithm>

namespace tributary {
namespace {

constexpr size_t kHomeKeyBytes = 4 + 16;

}  // namespace

std::vector<EvidencePlace> places_of(const std::vector<const Evidence*>& evidence) {
  std::vector<EvidencePlace> places;
  places.reserve(evidence.size());
  for (const Evidence* each : evidence) places.push_back({home_of(each->members).id, each});
  std::stable_sort(places.begin(), places.end(),
                   [](const EvidencePlace& a, const EvidencePlace& b) { return a.home < b.home; });
  return places;
}

void EvidenceRows::to(std::string prefix, std::string_view from) {
  prefix_ = std::move(prefix);
  std::string_view home = std::string_view(prefix_).substr(0, kHomeKeyBytes);
  if (rows_ == nullptr || home != home_) {
    home_ = home;
    rows_ = reader_.scan(family_, home_);
  }
  rows_->seek(from.empty() ? std::string_view(prefix_) : from);
}

}  // namespace tributary
