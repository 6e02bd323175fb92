#include "engine/linkage/match_names.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "engine/linkage/administrative_regions.h"

namespace tributary {
namespace {

// Longer ones first where one ends in another.
constexpr std::array<std::string_view, 13> kChineseForms = {"合伙企业(特殊普通合伙)",
                                                            "合伙企业(有限合伙)",
                                                            "合伙企业(普通合伙)",
                                                            "(特殊普通合伙)",
                                                            "(有限合伙)",
                                                            "(普通合伙)",
                                                            "股份有限公司",
                                                            "有限责任公司",
                                                            "有限公司",
                                                            "股份公司",
                                                            "合伙企业",
                                                            "个人独资企业",
                                                            "个体工商户"};
constexpr std::array<std::string_view, 6> kEastAsianForms = {"株式会社", "有限会社", "合同会社",
                                                             "(株)",     "주식회사", "유한회사"};
/// Words at the end of a name, without the last dot. "gmbh & co. kg" is four of them.
constexpr std::array<std::string_view, 48> kFormWords = {
    "&",       "a.g",  "a.s",         "a/s", "ab",    "ag",  "aps",          "as",    "b.v",  "bhd", "bv",  "co",
    "company", "corp", "corporation", "e.v", "gmbh",  "inc", "incorporated", "k.k",   "kft",  "kg",  "kk",  "l.l.c",
    "l.l.p",   "l.p",  "limited",     "llc", "llp",   "lp",  "ltd",          "n.v",   "nv",   "oy",  "oyj", "p.l.c",
    "plc",     "pte",  "pty",         "s.a", "s.a.s", "s.l", "s.p.a",        "s.r.l", "sarl", "sdn", "se",  "srl"};

// Longer ones first where one ends in another.
constexpr std::array<std::string_view, 27> kChineseTitles = {
    "副总经理", "总经理", "副经理", "经理", "副总监", "总监", "副总裁", "总裁", "董事长",
    "副总",     "总",     "老师",   "先生", "女士",   "小姐", "太太",   "夫人", "主任",
    "主管",     "部长",   "科长",   "处长", "教授",   "博士", "工程师", "老板", "店长"};
constexpr std::array<std::string_view, 11> kTitleWords = {"mr",   "mrs", "ms",    "miss", "mx",  "dr",
                                                          "prof", "sir", "madam", "herr", "frau"};

bool contains_word(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view without_blanks(std::string_view text) {
  size_t first = text.find_first_not_of(" ,");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" ,") - first + 1);
}

/// Takes the first of `endings` off that the text ends in, unless that is all of it.
bool take_ending(std::string_view& text, std::span<const std::string_view> endings) {
  for (std::string_view ending : endings) {
    if (!text.ends_with(ending)) continue;
    if (text.size() == ending.size()) return false;
    text = without_blanks(text.substr(0, text.size() - ending.size()));
    return true;
  }
  return false;
}

bool take_beginning(std::string_view& text, std::span<const std::string_view> beginnings) {
  for (std::string_view beginning : beginnings) {
    if (!text.starts_with(beginning) || text.size() == beginning.size()) continue;
    text = without_blanks(text.substr(beginning.size()));
    return true;
  }
  return false;
}

bool take_form_word(std::string_view& text) {
  size_t separator = text.find_last_of(" ,");
  if (separator == std::string_view::npos) return false;
  std::string_view word = text.substr(separator + 1);
  if (word.ends_with('.')) word.remove_suffix(1);
  if (!contains_word(kFormWords, word)) return false;
  std::string_view rest = without_blanks(text.substr(0, separator));
  if (rest.empty()) return false;
  text = rest;
  return true;
}

struct BracketPair {
  std::string_view open, close;
};
constexpr std::array<BracketPair, 5> kBrackets = {{{"(", ")"}, {"[", "]"}, {"【", "】"}, {"〔", "〕"}, {"〈", "〉"}}};

/// The text without the first bracketed region; nothing when there is none.
std::optional<std::string> without_region(std::string_view text) {
  for (const auto& [open, close] : kBrackets) {
    for (size_t begin = text.find(open); begin != std::string_view::npos; begin = text.find(open, begin + 1)) {
      size_t inside = begin + open.size(), end = text.find(close, inside);
      if (end == std::string_view::npos) break;
      if (!is_administrative_region(without_blanks(text.substr(inside, end - inside)))) continue;
      std::string rest(without_blanks(text.substr(0, begin)));
      std::string_view behind = text.substr(end + close.size());
      if (!rest.empty() && behind.starts_with(' ')) rest += ' ';
      return rest.append(without_blanks(behind));
    }
  }
  return std::nullopt;
}

}  // namespace

std::string core_name(std::string_view folded_name) {
  std::string name(without_blanks(folded_name));
  while (std::optional<std::string> rest = without_region(name)) {
    if (rest->empty()) break;
    name = *std::move(rest);
  }
  std::string_view core = name;
  take_beginning(core, kEastAsianForms);
  while (take_ending(core, kChineseForms) || take_ending(core, kEastAsianForms) || take_form_word(core)) {
  }
  return std::string(core);
}

std::string contact_key(std::string_view folded_contact) {
  constexpr std::string_view kSeparators = " ,/()-";
  std::string key;
  while (!folded_contact.empty()) {
    size_t end = std::min(folded_contact.find_first_of(kSeparators), folded_contact.size());
    std::string_view word = folded_contact.substr(0, end);
    folded_contact.remove_prefix(std::min(end + 1, folded_contact.size()));
    while (take_ending(word, kChineseTitles)) {
    }
    std::string_view undotted = word.ends_with('.') ? word.substr(0, word.size() - 1) : word;
    if (word.empty() || contains_word(kChineseTitles, word) || contains_word(kTitleWords, undotted)) continue;
    if (!key.empty()) key += ' ';
    key += word;
  }
  return key;
}

bool is_masked(std::string_view text) {
  return text.find('*') != std::string_view::npos || text.find("•") != std::string_view::npos;
}

}  // namespace tributary
