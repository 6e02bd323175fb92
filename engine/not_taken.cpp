#include "engine/not_taken.h"

#include <algorithm>

namespace tributary {

bool suppresses(const Partition& partition, WorkspaceId workspace, const Hash128& said) {
  auto namings = partition.namings();
  if (namings == nullptr) return false;
  auto naming = namings->find(workspace.value());
  return naming != namings->end() && naming->second.erasures.suppressed(said);
}

bool names_nobody(const Partition& partition, WorkspaceId workspace, const Assertion& assertion) {
  bool names = assertion.subject == AssertionSubject::pair || assertion.subject == AssertionSubject::hub;
  auto namings = names ? partition.namings() : nullptr;
  if (namings == nullptr) return false;
  auto naming = namings->find(workspace.value());
  return naming != namings->end() && std::ranges::any_of(assertion.identifiers, [&](const AssertedIdentifier& each) {
           return !naming->second.decided_about(each.hash, assertion.decision.at);
         });
}

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
