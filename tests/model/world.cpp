#include "tests/model/world.h"

namespace tributary::model {

std::set<Identifier> identifiers_of(const World& world) {
  std::set<Identifier> identifiers;
  for (const Event& event : world.events) {
    for (const EventIdentifier& id : event.identifiers) identifiers.insert(id.identifier);
  }
  for (const Assertion& assertion : world.assertions) {
    for (const AssertedIdentifier& id : assertion.identifiers) identifiers.insert(id.identifier);
  }
  return identifiers;
}

}  // namespace tributary::model
