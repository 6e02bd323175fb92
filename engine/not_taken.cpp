#include "engine/not_taken.h"

namespace tributary {

bool NotTaken::leaves_out(const Record& record) {
  const size_t place = item_++;
  if (namings_ == nullptr || record.kind != RecordKind::event) return false;
  auto naming = namings_->find(record.workspace.value());
  EventView event;
  if (naming == namings_->end() || !decode_event(record.payload, event)) return false;
  const Admission admission = naming->second.admit(event);
  if (admission == Admission::admitted) return false;
  count_not_taken(admission, metrics_);
  places_.push_back(place);
  return true;
}

std::function<void(IngestOutcome)> NotTaken::complete(std::function<void(IngestOutcome)> done) const {
  if (places_.empty()) return done;
  return [places = places_, done = std::move(done)](IngestOutcome outcome) {
    for (size_t place : places) {
      if (outcome.refused) break;
      outcome.items.insert(outcome.items.begin() + static_cast<ptrdiff_t>(place), ItemOutcome::accepted);
    }
    done(std::move(outcome));
  };
}

}  // namespace tributary
