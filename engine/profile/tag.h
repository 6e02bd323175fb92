// The tags of a customer, and the library of those that may be given.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/tag.h"
#include "engine/profile/fact.h"

namespace tributary {

enum class TagState : uint8_t { proposed, approved, rejected, retired, replaced };

/// One tag of the library.
struct TagEntry {
  std::string subject;  // tag_subject() of type and name
  std::string type, name;
  std::string label_zh, label_en, description;
  std::string exclusive_group;  // of its tags a customer has at most one; empty: none
  bool needs_note = false;      // or an event as evidence, to be given by a person
  TagState state = TagState::approved;
  std::string proposer;  // empty: the configuration says it
  std::optional<Timestamp> proposed_at;
  std::string decided_by;  // of the state, if somebody decided it
  std::optional<Timestamp> decided_at;
  std::string reason;       // of the last decision
  std::string replaced_by;  // subject of the tag that it was renamed to or merged into
  friend bool operator==(const TagEntry&, const TagEntry&) = default;
};

/// By subject.
class TagLibrary {
 public:
  const TagEntry* find(std::string_view subject) const;
  /// What stands for the subject now, after all renaming and merging; null when the library does not know it.
  const TagEntry* find_in_force(std::string_view subject) const;
  /// The same; null also when it must not be given.
  const TagEntry* find_approved(std::string_view subject) const;
  const std::map<std::string, TagEntry, std::less<>>& entries() const { return entries_; }

 private:
  friend TagLibrary tag_library_of(std::span<const TagEntry> configured, std::span<const Fact> said);
  std::map<std::string, TagEntry, std::less<>> entries_;
};

/// Whether `act`, said by `by`, does something to the library; null entry: it is not there. An approval takes
/// somebody else than the proposer, and so does a merge, which is one. `into` is the entry of the subject that a tag is
/// renamed to or merged into.
enum class TagDecision : uint8_t { possible, impossible, self_approval };
TagDecision judge_tag_decision(const TagEntry* entry, TagAct act, std::string_view by, const TagEntry* into = nullptr);

/// What is configured, then what was said of the library in the order of its times: facts of kind `tag` of a workspace,
/// in any order. What judge_tag_decision() calls impossible or self_approval changes nothing.
TagLibrary tag_library_of(std::span<const TagEntry> configured, std::span<const Fact> said);

enum class TagStanding : uint8_t {
  held,
  conflicting,     // with another of its exclusive group: somebody has to remove one
  replaced,        // a rule gave another one of its exclusive group later
  not_in_library,  // or not approved there yet, or rejected
  retired,
  removed,
};

/// The last word on one tag of a customer, under whichever of its names.
struct CustomerTag {
  Fact told;
  const TagEntry* entry = nullptr;  // within the library; null: there is none
  TagStanding standing = TagStanding::held;

  std::string_view text(TagField field) const { return told.text(field); }
};

/// By subject. Of facts of kind `tag` of one customer, in any order; those after `now` do not count.
///
/// Of one tag the last word holds. Of an exclusive group a tag that a rule gave takes the place of those that rules
/// gave before; it does not overrule a person, and no tag that was imported or came with a merge takes the place of
/// another: then all that are left conflict. Lifetime: of the library.
std::vector<CustomerTag> tags_of(std::span<const Fact> facts, const TagLibrary& library, Timestamp now);

/// A note that tells an opinion rather than a fact: 可能, 也许, 大概, 感觉.
bool is_subjective(std::string_view note);

}  // namespace tributary
