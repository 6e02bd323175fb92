// Rules by which two customers are one, or may be: D1 to D5. Keys: N name, N' core name, C contact, P phone. What is
// missing or masked never agrees. Of a person the contact is the name.
//   D1  N, C, P equal                     duplicate
//   D2  N', C, P equal                    duplicate
//   D3  C, P equal, names differ          suspected
//   D4  N, P equal, contacts differ       suspected: two contacts, one switchboard
//   D5  N, C equal, one phone missing     suspected
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tributary {

enum class DuplicateRule : uint8_t { d1, d2, d3, d4, d5 };
constexpr size_t kDuplicateRules = 5;
enum class DuplicateKind : uint8_t { duplicate, suspected };
enum class DuplicateAction : uint8_t { merge, review, off };

/// What makes people decide where a rule would merge.
enum class DuplicateGuard : uint8_t {
  unique_identifiers_differ,  // both sides have values of a unique kind, and not the same ones
  phone_shared,               // the phone is quarantined
  side_held,                  // a side is under an open handover or erasure request
  too_many_joined,            // one evaluation would join more than kJoinedMax customers
  kept_apart,                 // with others it would join customers whom a decision keeps apart
  decision_withdrawn,         // somebody undid a merge of the two, or took back another decision about them
};
constexpr size_t kJoinedMax = 10;

std::string_view duplicate_rule_name(DuplicateRule rule);  // "D1"
std::string_view duplicate_kind_name(DuplicateKind kind);
std::string_view duplicate_action_name(DuplicateAction action);
std::string_view duplicate_guard_name(DuplicateGuard guard);

using DuplicateActions = std::array<DuplicateAction, kDuplicateRules>;  // by rule
constexpr DuplicateActions kDuplicateActions = {DuplicateAction::merge, DuplicateAction::merge, DuplicateAction::review,
                                                DuplicateAction::review, DuplicateAction::review};

/// A customer as the rules see it. Name and contact are folded for matching (match_text()); empty: missing.
struct DuplicateCandidate {
  bool organisation = false;  // else a person
  std::string name;
  std::string contact;                                       // of an organisation
  std::string phone;                                         // E.164; empty when missing or masked
  bool phone_masked = false;                                 // there is one, but nobody knows which
  std::set<std::pair<std::string, std::string>> unique_ids;  // kind and value of identifiers that a customer has once
  bool phone_shared = false;
  bool held = false;  // by an open handover or erasure request
};

/// What people decided about candidates, by their places: the smaller one first.
struct DecidedPairs {
  std::set<std::pair<size_t, size_t>> settled;    // they are one, or two: no findings, and no merge joins them
  std::set<std::pair<size_t, size_t>> withdrawn;  // nothing holds any more: their findings are reviewed
};

/// What a candidate is compared by, computed once. What is empty agrees with nothing.
struct DuplicateKeys {
  bool organisation = false;
  std::string name, core_name, contact, phone;
  bool phone_missing = false;  // masked is not missing
};
DuplicateKeys duplicate_keys(const DuplicateCandidate& candidate);

/// The names of the groups in which the candidate may have a partner: by phone, and by name and contact. Two customers
/// without one in common have no finding.
std::vector<std::string> duplicate_groups(const DuplicateKeys& keys);

struct DuplicateFinding {
  size_t a = 0, b = 0;  // places of the candidates, a < b
  DuplicateRule rule = DuplicateRule::d1;
  DuplicateKind kind = DuplicateKind::duplicate;
  DuplicateAction action = DuplicateAction::merge;  // merge or review
  std::vector<DuplicateGuard> guards;               // those that hold; with any of them the action is review
};

struct DuplicateFindings {
  std::vector<DuplicateFinding> findings;    // sorted by a, b
  std::vector<std::string> groups_left_out;  // larger than kDuplicateGroupMax: nobody in them was compared by it
  bool complete = true;                      // false: more than DuplicateLimits allow were found, or it was given up
};
constexpr size_t kDuplicateGroupMax = 100;

struct DuplicateLimits {
  size_t findings_max = 10'000;                            // to merge, and as many to review
  std::function<bool()> cancelled = [] { return false; };  // asked again and again
};

/// What the rules say of these customers, evaluated together. The first rule that fits a pair decides, also when it is
/// off: then there is no finding. A person and an organisation are never one. Time grows with the candidates and with
/// the size of groups, at most kDuplicateGroupMax; memory with the candidates and with the findings that are kept. What
/// guards look at is all that would be joined, also beyond them.
DuplicateFindings find_duplicates(std::span<const DuplicateCandidate> candidates,
                                  const DuplicateActions& actions = kDuplicateActions, const DecidedPairs& decided = {},
                                  const DuplicateLimits& limits = {});

}  // namespace tributary
