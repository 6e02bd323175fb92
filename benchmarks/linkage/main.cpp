// linkage_benchmark: how well customers are found again in the data sets of FEBRL. Prints one JSON line on stdout and a
// table on stderr; exit 1 when one misses its goal, 2 when a file can't be read. The truth stands in rec_id, which only
// the scoring reads.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/json_out.h"
#include "engine/base/text.h"
#include "engine/linkage/linkage.h"

namespace {

using tributary::LinkageField;
using tributary::LinkageKind;
using tributary::RecordPair;

const std::vector<LinkageField> kFebrlFields = {
    {"given_name", LinkageKind::name, 1},       {"surname", LinkageKind::name, 0},
    {"street_number", LinkageKind::digits, {}}, {"address_1", LinkageKind::text, 4},
    {"address_2", LinkageKind::text, 3},        {"suburb", LinkageKind::name, {}},
    {"postcode", LinkageKind::digits, {}},      {"state", LinkageKind::code, {}},
    {"date_of_birth", LinkageKind::date, {}},   {"soc_sec_id", LinkageKind::digits, {}},
};

struct DataSet {
  std::string name;
  std::vector<std::string> files;  // one with duplicates, or two to link
  std::vector<std::string> left_out;
  double f1_goal = 0;
};

/// All fields make it too easy to see a loss, so it is done once more with half of them.
const std::vector<std::string> kHalfOfTheFields = {"surname", "address_1", "address_2", "date_of_birth", "soc_sec_id"};
const std::vector<DataSet> kDataSets = {
    {"dataset3", {"dataset3.csv"}, {}, 0.96},
    {"dataset4", {"dataset4a.csv", "dataset4b.csv"}, {}, 0.98},
    {"dataset3, half", {"dataset3.csv"}, kHalfOfTheFields, 0.96},
    {"dataset4, half", {"dataset4a.csv", "dataset4b.csv"}, kHalfOfTheFields, 0.98},
};

/// Records without their rec_id, and by the id that they got instead the person whom rec_id names.
struct FebrlRecords {
  std::vector<tributary::LinkageRecord> records;
  std::unordered_map<std::string, std::string> persons;
};

/// In pairs of records.
struct Score {
  uint64_t truth = 0, found = 0, right = 0, blocked = 0;
  double precision() const { return share(right, found); }
  double recall() const { return share(right, truth); }
  double blocking_recall() const { return share(blocked, truth); }
  double f1() const { return share(2 * right, truth + found); }

 private:
  static double share(uint64_t part, uint64_t all) {
    return all > 0 ? static_cast<double>(part) / static_cast<double>(all) : 0;
  }
};

struct Outcome {
  DataSet set;
  tributary::Linkage linkage;
  Score score;
  double seconds = 0;
  bool reached() const { return score.f1() >= set.f1_goal; }
};

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "linkage_benchmark: " << what << '\n';
  std::exit(2);
}

/// FEBRL's files have no quotes, and a blank behind each comma.
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  while (true) {
    size_t comma = line.find(',');
    cells.emplace_back(tributary::trim(line.substr(0, comma), tributary::kJsonSpace));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

/// "rec-12-dup-3" and "rec-12-org" are "rec-12".
std::string person_of(const std::string& rec_id) { return rec_id.substr(0, rec_id.find('-', rec_id.find('-') + 1)); }

void read_file(const std::string& path, bool second_list, FebrlRecords& into) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) fail("reading " + path + ": no header");
  while (std::getline(file, line)) {
    std::vector<std::string> cells = cells_of(line);
    if (cells.size() != kFebrlFields.size() + 1) fail("reading " + path + ": other columns in: " + line);
    std::string id = std::to_string(into.records.size());
    into.persons[id] = person_of(cells[0]);
    cells.erase(cells.begin());
    into.records.push_back({std::move(id), std::move(cells), second_list});
  }
}

void leave_out(const std::vector<std::string>& names, FebrlRecords& data) {
  for (size_t field = 0; field < kFebrlFields.size(); ++field) {
    if (std::find(names.begin(), names.end(), kFebrlFields[field].name) == names.end()) continue;
    for (tributary::LinkageRecord& record : data.records) record.values[field].clear();
  }
}

uint64_t true_pairs(const tributary::RecordTable& table, const FebrlRecords& data) {
  std::unordered_map<std::string, std::pair<uint64_t, uint64_t>> of_person;  // records in the first list and the second
  for (size_t record = 0; record < table.size(); ++record) {
    auto& [first, second] = of_person[data.persons.at(table.id(record))];
    ++(table.in_second_list(record) ? second : first);
  }
  uint64_t pairs = 0;
  for (const auto& [person, records] : of_person) {
    const auto& [first, second] = records;
    if (table.has_two_lists()) {
      pairs += first * second;
    } else {
      pairs += first * (first - 1) / 2;
    }
  }
  return pairs;
}

Outcome run(const DataSet& set, const std::string& directory) {
  FebrlRecords data;
  for (const std::string& file : set.files) {
    read_file(std::string(directory).append("/").append(file), &file != &set.files.front(), data);
  }
  leave_out(set.left_out, data);
  auto begin = std::chrono::steady_clock::now();
  auto table = tributary::RecordTable::make(kFebrlFields, data.records);
  if (!table) fail(table.error().message);
  Outcome outcome{set, tributary::link_records(*table), {}, 0};
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  auto is_right = [&](RecordPair pair) {
    return data.persons.at(table->id(pair.a)) == data.persons.at(table->id(pair.b)) ? 1 : 0;
  };
  outcome.score.truth = true_pairs(*table, data);
  outcome.score.found = outcome.linkage.pairs.size();
  for (const tributary::ScoredPair& pair : outcome.linkage.pairs) outcome.score.right += is_right(pair.records);
  for (const RecordPair& pair : tributary::find_blocks(*table, {}).pairs) outcome.score.blocked += is_right(pair);
  return outcome;
}

std::string decimal(double value, int places) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", places, value);
  return text;
}

std::string to_json(const std::vector<Outcome>& outcomes) {
  std::string json;
  tributary::JsonOut out(json);
  out.begin_array();
  for (const Outcome& outcome : outcomes) {
    const Score& score = outcome.score;
    out.begin_object().key("data_set").string(outcome.set.name);
    out.key("pairs_compared").unsigned_number(outcome.linkage.pairs_compared);
    out.key("true_pairs").unsigned_number(score.truth).key("true_pairs_compared").unsigned_number(score.blocked);
    out.key("found_pairs").unsigned_number(score.found).key("right_pairs").unsigned_number(score.right);
    out.key("precision").raw(decimal(score.precision(), 6)).key("recall").raw(decimal(score.recall(), 6));
    out.key("f1").raw(decimal(score.f1(), 6)).key("f1_goal").raw(decimal(outcome.set.f1_goal, 2));
    out.key("reached").boolean(outcome.reached());
    out.key("weight_min").raw(decimal(outcome.linkage.weight_min, 3));
    out.key("rounds").number(outcome.linkage.model.rounds);
    out.key("seconds").raw(decimal(outcome.seconds, 3)).end_object();
  }
  out.end_array();
  return json;
}

void print_table(const std::vector<Outcome>& outcomes) {
  std::fprintf(stderr, "%-15s %10s %9s %9s %9s %9s %6s %8s\n", "data set", "compared", "of true", "precision", "recall",
               "F1", "goal", "seconds");
  for (const Outcome& outcome : outcomes) {
    const Score& score = outcome.score;
    std::fprintf(stderr, "%-15s %10llu %9.4f %9.4f %9.4f %9.4f %6.2f %8.2f%s\n", outcome.set.name.c_str(),
                 static_cast<unsigned long long>(outcome.linkage.pairs_compared), score.blocking_recall(),
                 score.precision(), score.recall(), score.f1(), outcome.set.f1_goal, outcome.seconds,
                 outcome.reached() ? "" : "  MISSED");
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string directory = "tests/data/febrl";
  CLI::App app{"Pairwise F1 of record linkage on FEBRL's data sets 3 and 4."};
  app.add_option("directory", directory, "of the files, tests/data/febrl when not given");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;
  }
  std::vector<Outcome> outcomes;
  outcomes.reserve(kDataSets.size());
  for (const DataSet& set : kDataSets) outcomes.push_back(run(set, directory));
  print_table(outcomes);
  std::cout << to_json(outcomes) << '\n';
  return std::all_of(outcomes.begin(), outcomes.end(), [](const Outcome& outcome) { return outcome.reached(); }) ? 0
                                                                                                                 : 1;
}
