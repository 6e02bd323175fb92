// Phone numbers against a table of what another implementation makes of them.
//
// tests/data/phone/numbers.tsv was written by tests/clients/phone/numbers.mjs from npm awesome-phonenumber, which is
// Google's libphonenumber. Our table of countries comes from npm libphonenumber-js: other code and another snapshot,
// but data of the same origin. What is tested is the reading of spellings. TRIBUTARY_PHONE_NUMBERS names another table
// of the same form, as the lane with Node.js makes them from fresh seeds.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "engine/ingest/event_parser.h"
#include "engine/ingest/phone_metadata.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

struct Row {
  std::string spelling, country, text;
  std::string expected;  // empty: the reference reads no number
  bool valid = false;    // the reference holds the number for valid, not merely readable
};

std::string table_path() {
  const char* other = std::getenv("TRIBUTARY_PHONE_NUMBERS");
  return other != nullptr ? other : std::string(TRIBUTARY_TEST_DATA) + "/data/phone/numbers.tsv";
}

std::vector<Row> read_table() {
  std::ifstream file(table_path());
  std::vector<Row> rows;
  std::string line, spelling;
  while (std::getline(file, line)) {
    if (line.starts_with("# ")) {
      spelling = line.substr(2);
      continue;
    }
    size_t first = line.find('\t'), second = line.find('\t', first + 1);
    Row row{spelling, line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)};
    row.valid = row.expected.starts_with('+');
    if (row.expected.starts_with('?')) row.expected.erase(0, 1);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string digits_of(std::string_view text) {
  std::string folded = *nfkc(text), digits;
  for_each_code_point(folded, [&](char32_t c) {
    if (int digit = decimal_digit(c); digit >= 0) digits += static_cast<char>('0' + digit);
  });
  return digits;
}

/// The digits of the number alone: without its extension, and without what a spreadsheet added.
std::string typed_digits(const Row& row) {
  std::string digits = digits_of(row.text);
  size_t extension = row.expected.find(";ext=");
  size_t behind = extension == std::string::npos ? 0 : row.expected.size() - extension - 5;
  if (row.text.ends_with(".0")) ++behind;
  return digits.substr(0, digits.size() - behind);
}

/// True when the reference did more than cut a prefix of a national number off: it put an area code in, or a mobile 9
/// for a mobile 15, or cut a trunk prefix that stood behind a calling code.
bool is_repair(const Row& row, std::string_view typed, std::string_view number) {
  if (row.text.find("(0)") != std::string::npos) return false;
  bool international = row.text.find('+') != std::string::npos || row.text.find("＋") != std::string::npos;
  auto regions = phone_regions_of(number);
  size_t calling_code = regions.empty() ? 0 : std::to_string(regions[0].calling_code).size();
  return !typed.ends_with(international ? number : number.substr(calling_code));
}

/// Why ours gives no number where the reference gives a valid one, when that is a decision; empty when it is a miss.
std::string_view decided_refusal(const Row& row) {
  std::string number = row.expected.substr(1, row.expected.find(';') - 1), typed = typed_digits(row);
  if (number.size() < 8) return "fewer than 8 digits in all: nearly everywhere these are short codes";
  if (number.size() > 15) return "more digits than E.164 has";
  bool chinese_mobile = number.size() == 13 && number.starts_with("861") && number[3] >= '3';
  if (number.starts_with("86") && !chinese_mobile) return "China: hotlines, and area codes without their zero";
  if (number.starts_with("229") && number.size() == 11) return "Benin's plan of before 2024, gone from our table";
  if (number.starts_with("26313")) return "an area of Zimbabwe that is gone from our table";
  if (row.spelling == "two pluses") return "two pluses are damage";
  bool plus = row.text.find('+') != std::string::npos;
  if (!plus && typed == number) return "a calling code without a plus";
  if (is_repair(row, typed, number)) return "the reference repairs what was typed";
  return {};
}

struct Comparison {
  std::set<std::string> countries;
  std::map<std::string, std::set<std::string>> reference_of;  // by our number
  std::map<std::string_view, size_t> refusals;
  size_t rows = 0, valid = 0, same = 0, blocked = 0;
  std::vector<std::string> wrong, missed;
};

std::string told(const Row& row, const NormalisedValue& ours) {
  return row.spelling + ": " + row.country + " '" + row.text + "' is " + row.expected + ", ours " +
         (ours.identifier ? ours.identifier->value() : ours.reason);
}

void compare(const Row& row, Comparison& all) {
  NormalisedValue ours = normalise_identifier(*parse_kind("phone"), row.text, row.country);
  ++all.rows;
  if (find_phone_region(row.country) != nullptr) all.countries.insert(row.country);
  if (ours.identifier) {
    all.reference_of[ours.identifier->value()].insert(row.expected);
    if (ours.identifier->value() != row.expected) all.wrong.push_back(told(row, ours));
  }
  if (!row.valid || ours.blocked) {
    all.blocked += ours.blocked;
    return;
  }
  std::string_view decision = ours.identifier ? std::string_view() : decided_refusal(row);
  if (!decision.empty()) {
    ++all.refusals[decision];
    return;
  }
  ++all.valid;
  if (ours.identifier) {
    ++all.same;
  } else {
    all.missed.push_back(told(row, ours));
  }
}

std::string listed(const std::vector<std::string>& lines) {
  std::string text;
  for (size_t i = 0; i < lines.size() && i < 40; ++i) text += "\n  " + lines[i];
  return text;
}

TEST(RecordedPhones, EqualTheReferenceOrAreNone) {
  std::vector<Row> rows = read_table();
  Comparison all;
  for (const Row& row : rows) compare(row, all);
  EXPECT_GE(all.rows, 10'000u) << table_path();
  EXPECT_GE(all.countries.size(), 50u);
  EXPECT_EQ(all.wrong.size(), 0u) << listed(all.wrong);
  for (const auto& [ours, reference] : all.reference_of) EXPECT_EQ(reference.size(), 1u) << ours;
  EXPECT_LT(static_cast<double>(all.missed.size()), 0.005 * static_cast<double>(all.valid)) << listed(all.missed);
  std::cout << all.rows << " texts, " << all.countries.size() << " countries, " << all.valid << " valid: " << all.same
            << " the same, " << all.missed.size() << " missed; " << all.wrong.size() << " wrong, " << all.blocked
            << " blocked" << listed(all.missed) << "\nvalid and refused by decision:\n";
  for (const auto& [decision, count] : all.refusals) std::cout << "  " << count << ": " << decision << "\n";
}

}  // namespace
}  // namespace tributary
