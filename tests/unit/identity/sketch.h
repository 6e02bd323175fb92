// Identity values in a few letters: "A" is a user id, "e1~" a claimed e-mail.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "engine/identity/clusters.h"

namespace tributary::sketch {

/// The kind by the first letter of a name.
inline KindCode kind_of(const std::string& name) {
  switch (name[0]) {
    case 'c':
      return kind_code({IdentifierFamily::external_id, "crm"});
    case 's':
      return kind_code({IdentifierFamily::external_id, "stripe"});
    case 'y':
      return kind_code({IdentifierFamily::social_id, "douyin"});
    case 'K':
      return kind_code({IdentifierFamily::member_card, {}});
    case 'p':
      return kind_code({IdentifierFamily::phone, {}});
    case 'e':
      return kind_code({IdentifierFamily::email, {}});
    case 'd':
      return kind_code({IdentifierFamily::device_id, {}});
    case 'x':
      return kind_code({IdentifierFamily::anonymous_id, {}});
    default:
      return kind_code({IdentifierFamily::user_id, {}});
  }
}

/// A "hash" that sorts like the name itself.
inline Hash128 hash_of(const std::string& name) {
  Hash128 hash;
  for (size_t i = 0; i < name.size() && i < hash.bytes.size(); ++i) hash.bytes[i] = static_cast<uint8_t>(name[i]);
  return hash;
}

inline std::string name_of(const Hash128& hash) {
  std::string name(hash.view());
  return name.substr(0, name.find('\0'));
}

/// Evidence of names; `~` behind one marks it claimed. Its message id is `m<at>` unless given.
inline Evidence evidence(const std::vector<std::string>& names, int64_t at, std::string message_id = {}) {
  Evidence evidence;
  std::string all;
  for (std::string name : names) {
    all += name;
    Trust trust = name.back() == '~' ? Trust::claimed : Trust::verified;
    if (trust == Trust::claimed) name.pop_back();
    evidence.members.push_back({hash_of(name), kind_of(name), trust});
  }
  std::sort(evidence.members.begin(), evidence.members.end(), [](auto& a, auto& b) { return a.id < b.id; });
  evidence.hash = hash_of(all);
  evidence.first = {Timestamp{at}, message_id.empty() ? "m" + std::to_string(at) : std::move(message_id)};
  return evidence;
}

inline Container container(const std::vector<Evidence>& all, const RuleSet& rules = {}) {
  Container container;
  for (const Evidence& one : all) add_evidence(container, one, rules);
  container.root = container.members.front().id;
  return container;
}

/// "{A,d} {B}": clusters in order of their first members.
inline std::string clusters_text(const Container& container, const RuleSet& rules = {}) {
  std::vector<std::string> texts;
  for (const Cluster& cluster : compute_clusters(container, rules).clusters) {
    std::string text;
    for (const Hash128& member : cluster.members) text += (text.empty() ? "{" : ",") + name_of(member);
    texts.push_back(text + "}");
  }
  std::sort(texts.begin(), texts.end());
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : " ") + text;
  return all;
}

}  // namespace tributary::sketch
