#include "connectors/identity/refusal_text.h"

#include <fmt/format.h>

#include <array>

namespace tributary {
namespace {

struct Unit {
  int64_t micros;
  std::string_view suffix;
};
constexpr std::array kUnits = {Unit{kMicrosPerDay, "d"}, Unit{kMicrosPerHour, "h"}, Unit{60 * kMicrosPerSecond, "m"},
                               Unit{kMicrosPerSecond, "s"}, Unit{1000, "ms"}};

std::string cannot_link_text(const Decision& decision) {
  std::string who = decision.author.empty() ? "Somebody" : decision.author;
  return who + " decided that they are two persons; that decision would have to be withdrawn.";
}

std::string limit_text(const RefusalView& refusal) {
  return fmt::format(
      "Together they would hold {} of {} and the rules allow {}; the limit would have to be raised, or somebody would "
      "have to decide that they are one person.",
      refusal.count_a + refusal.count_b, kind_name(refusal.kind), refusal.most);
}

std::string window_refusal_text(const RefusalView& refusal) {
  return fmt::format(
      "Together they would hold more than {} of {} that were first seen within {}; that limit would have to be raised, "
      "or somebody would have to decide that they are one person.",
      refusal.most, kind_name(refusal.kind), window_text(refusal.window_micros));
}

}  // namespace

std::string refusal_text(const RefusalView& refusal) {
  switch (refusal.rule) {
    case RefusalRule::cannot_link:
      return cannot_link_text(refusal.decision);
    case RefusalRule::join_not_trusted:
      return "Only a source that anybody could speak for says so, and both sides are known persons; a trusted source "
             "would have to name both identifiers, or somebody would have to decide that they are one person.";
    case RefusalRule::limit:
      return limit_text(refusal);
    case RefusalRule::window:
      return window_refusal_text(refusal);
  }
  return {};
}

std::string window_text(int64_t micros) {
  for (const Unit& unit : kUnits) {
    if (micros % unit.micros == 0) return fmt::format("{}{}", micros / unit.micros, unit.suffix);
  }
  return fmt::format("{}us", micros);
}

}  // namespace tributary
