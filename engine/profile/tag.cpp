#include "engine/profile/tag.h"

#include <algorithm>
#include <array>

namespace tributary {
namespace {

constexpr std::array<std::string_view, 4> kOpinionWords = {"可能", "也许", "大概", "感觉"};

void set_if_said(std::string& into, std::string_view text) {
  if (!text.empty()) into = text;
}

/// What the word says of the entry itself; what it leaves out stays.
void describe(TagEntry& entry, const Fact& said) {
  set_if_said(entry.label_zh, said.text(TagField::label_zh));
  set_if_said(entry.label_en, said.text(TagField::label_en));
  set_if_said(entry.description, said.text(TagField::description));
  set_if_said(entry.exclusive_group, said.text(TagField::exclusive_group));
  if (auto needs = said.text(TagField::needs_note); !needs.empty()) entry.needs_note = needs == "true";
}

TagState state_after(TagAct act) {
  switch (act) {
    case TagAct::approved:
      return TagState::approved;
    case TagAct::rejected:
      return TagState::rejected;
    case TagAct::retired:
      return TagState::retired;
    default:
      return TagState::proposed;
  }
}

using TagEntries = std::map<std::string, TagEntry, std::less<>>;

const TagEntry* entry_of(const TagEntries& entries, std::string_view subject) {
  auto found = entries.find(subject);
  return found == entries.end() ? nullptr : &found->second;
}

void note_decision(TagEntry& entry, TagState state, const Fact& said) {
  entry.state = state;
  entry.reason = said.text(TagField::note);
  entry.decided_by = said.text(TagField::by);
  entry.decided_at = said.at;
}

/// Whoever has the tag has the other one from now on.
void replace_entry(TagEntries& entries, const Fact& said) {
  std::string into(said.text(TagField::into));
  TagEntry& entry = entries[said.subject_text];
  if (said.act == static_cast<uint8_t>(TagAct::renamed)) {
    TagEntry next = entry;
    next.subject = into;
    next.name = said.text(TagField::name);
    describe(next, said);
    entries[into] = std::move(next);
    if (into == said.subject_text) return;
  }
  note_decision(entry, TagState::replaced, said);
  entry.replaced_by = std::move(into);
}

void apply_word(TagEntries& entries, const Fact& said) {
  auto act = static_cast<TagAct>(said.act);
  std::string_view by = said.text(TagField::by);
  const TagEntry* into = entry_of(entries, said.text(TagField::into));
  if (judge_tag_decision(entry_of(entries, said.subject_text), act, by, into) != TagDecision::possible) return;
  if (act == TagAct::renamed || act == TagAct::merged) {
    if (!said.text(TagField::into).empty()) replace_entry(entries, said);
    return;
  }
  TagEntry& entry = entries[said.subject_text];
  describe(entry, said);
  if (act != TagAct::proposed) return note_decision(entry, state_after(act), said);
  entry.state = TagState::proposed;
  entry.reason = said.text(TagField::note);
  entry.subject = said.subject_text;
  entry.type = said.text(TagField::type);
  entry.name = said.text(TagField::name);
  entry.proposer = by;
  entry.proposed_at = said.at;
  entry.decided_by.clear();
  entry.decided_at.reset();
}

TagStanding standing_of(const CustomerTag& tag) {
  if (tag.told.act == static_cast<uint8_t>(TagAct::removed)) return TagStanding::removed;
  if (tag.entry == nullptr) return TagStanding::not_in_library;
  if (tag.entry->state == TagState::retired) return TagStanding::retired;
  return tag.entry->state == TagState::approved ? TagStanding::held : TagStanding::not_in_library;
}

bool is_given_by_rule(const Fact& fact) {
  return fact.act == static_cast<uint8_t>(TagAct::added) && fact.text(TagField::origin) == kTagOriginRule;
}

using WordsByGroup = std::map<std::string_view, const Fact*>;

/// Of each exclusive group the last tag that a rule gave, even if it was removed since: what it replaced stays so.
WordsByGroup last_given_by_rules(std::span<const Fact> facts, const TagLibrary& library, Timestamp now) {
  WordsByGroup last;
  for (const Fact& fact : facts) {
    if (fact.at > now || !is_given_by_rule(fact)) continue;
    const TagEntry* entry = library.find_approved(fact.subject_text);
    if (entry == nullptr || entry->exclusive_group.empty()) continue;
    const Fact*& known = last[entry->exclusive_group];
    if (known == nullptr || said_before(*known, fact)) known = &fact;
  }
  return last;
}

void mark_conflicts(std::vector<CustomerTag>& tags) {
  std::map<std::string_view, std::vector<CustomerTag*>> held;
  for (CustomerTag& tag : tags) {
    if (tag.standing == TagStanding::held && !tag.entry->exclusive_group.empty()) {
      held[tag.entry->exclusive_group].push_back(&tag);
    }
  }
  for (auto& [group, rivals] : held) {
    if (rivals.size() < 2) continue;
    for (CustomerTag* tag : rivals) tag->standing = TagStanding::conflicting;
  }
}

}  // namespace

const TagEntry* TagLibrary::find(std::string_view subject) const { return entry_of(entries_, subject); }

const TagEntry* TagLibrary::find_in_force(std::string_view subject) const {
  const TagEntry* entry = find(subject);
  while (entry != nullptr && entry->state == TagState::replaced) entry = find(entry->replaced_by);
  return entry;
}

const TagEntry* TagLibrary::find_approved(std::string_view subject) const {
  const TagEntry* entry = find_in_force(subject);
  return entry != nullptr && entry->state == TagState::approved ? entry : nullptr;
}

// What was replaced stays so, and nothing becomes what was: following `replaced_by` always ends.
TagDecision judge_tag_decision(const TagEntry* entry, TagAct act, std::string_view by, const TagEntry* into) {
  auto possible_if = [](bool possible) { return possible ? TagDecision::possible : TagDecision::impossible; };
  if (act == TagAct::proposed) return possible_if(entry == nullptr || entry->state == TagState::rejected);
  if (entry == nullptr) return TagDecision::impossible;
  if (act == TagAct::retired) return possible_if(entry->state == TagState::approved);
  if (act == TagAct::rejected) return possible_if(entry->state == TagState::proposed);
  if (act == TagAct::renamed) {
    bool free = into == nullptr || into == entry || into->state == TagState::rejected;
    return possible_if(entry->state == TagState::proposed && free);
  }
  if (act == TagAct::merged) {
    bool exists = entry->state == TagState::proposed && into != nullptr && into->state == TagState::approved;
    if (!exists) return TagDecision::impossible;
    return entry->proposer == by ? TagDecision::self_approval : TagDecision::possible;
  }
  if (act != TagAct::approved) return TagDecision::impossible;
  if (entry->state == TagState::retired) return TagDecision::possible;
  if (entry->state != TagState::proposed) return TagDecision::impossible;
  return entry->proposer == by ? TagDecision::self_approval : TagDecision::possible;
}

TagLibrary tag_library_of(std::span<const TagEntry> configured, std::span<const Fact> said) {
  TagLibrary library;
  for (const TagEntry& entry : configured) library.entries_.emplace(entry.subject, entry);
  std::vector<const Fact*> words;
  words.reserve(said.size());
  for (const Fact& fact : said) words.push_back(&fact);
  std::sort(words.begin(), words.end(), [](const Fact* a, const Fact* b) { return said_before(*a, *b); });
  for (const Fact* word : words) apply_word(library.entries_, *word);
  return library;
}

std::vector<CustomerTag> tags_of(std::span<const Fact> facts, const TagLibrary& library, Timestamp now) {
  std::map<std::string_view, const Fact*> last_told;
  for (const Fact& fact : facts) {
    if (fact.at > now) continue;
    const TagEntry* entry = library.find_in_force(fact.subject_text);
    const Fact*& known = last_told[entry != nullptr ? entry->subject : fact.subject_text];
    if (known == nullptr || said_before(*known, fact)) known = &fact;
  }
  WordsByGroup last_by_rule = last_given_by_rules(facts, library, now);
  std::vector<CustomerTag> tags;
  tags.reserve(last_told.size());
  for (const auto& [subject, fact] : last_told) {
    CustomerTag& tag = tags.emplace_back(CustomerTag{*fact, library.find_in_force(subject), TagStanding::held});
    tag.standing = standing_of(tag);
    if (tag.standing != TagStanding::held || !is_given_by_rule(tag.told)) continue;
    auto last = last_by_rule.find(tag.entry->exclusive_group);
    if (last != last_by_rule.end() && said_before(tag.told, *last->second)) tag.standing = TagStanding::replaced;
  }
  mark_conflicts(tags);
  return tags;
}

bool is_subjective(std::string_view note) {
  return std::any_of(kOpinionWords.begin(), kOpinionWords.end(),
                     [note](std::string_view word) { return note.find(word) != note.npos; });
}

}  // namespace tributary
