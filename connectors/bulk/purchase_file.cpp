#include "connectors/bulk/purchase_file.h"

#include <array>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "connectors/bulk/exported_orders.h"
#include "connectors/bulk/row_cutter.h"
#include "engine/base/date_format.h"
#include "engine/base/json_out.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr size_t kLinesAtOnce = 1000;

/// Calls on_line(line, number) for all that are not blank, until one fails.
template <class OnLine>
Result<void> for_each_line(ImportText& text, OnLine on_line) {
  RowForm form;
  form.too_long_message = "it is longer than 1 MiB";
  RowCutter cutter(text, form);
  RowSlice slice;
  while (cutter.cut(slice, kLinesAtOnce)) {
    uint64_t number = slice.place.line;
    auto fault = [&](const std::string& message) {
      return Error{ErrorCode::corrupt, "line " + std::to_string(number) + ": " + message};
    };
    if (!slice.code.empty()) return fault(slice.message);
    std::string_view rest = slice.bytes();
    for (; !rest.empty(); ++number) {
      size_t end = std::min(rest.find('\n'), rest.size());
      std::string_view line = trim(rest.substr(0, end), kJsonSpace);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      Result<void> taken = line.empty() ? Result<void>() : on_line(line, number);
      if (!taken) return fault(taken.error().message);
    }
  }
  if (text.fault()) return *text.fault();
  return {};
}

/// Purchases of CDNOW's customers. Nobody's line is the same as another's: all are purchases.
class CdnowLines {
 public:
  explicit CdnowLines(PurchaseFile& file) : file_(file), date_(*DateFormat::make("%Y%m%d", "UTC")) {}

  Result<void> add(std::string_view line, uint64_t number) {
    if (!is_utf8(line)) return Error{ErrorCode::corrupt, "it is no UTF-8"};
    std::vector<std::string_view> columns = split(line);
    if (columns.size() < kColumnsMin) return Error{ErrorCode::corrupt, "it has fewer than 4 columns"};
    auto date = date_.parse(columns[columns.size() - 3]);
    auto dollars = parse_decimal(columns.back());
    if (!date && !dollars && number == 1) return {};  // names of columns
    if (!date) return Error{ErrorCode::corrupt, "the last but two of its columns is no date (YYYYMMDD)"};
    if (!dollars) return Error{ErrorCode::corrupt, "its last column is no amount"};
    file_.orders.push_back({customer_of(columns.front()), date->micros / kMicrosPerDay, *dollars});
    return {};
  }

 private:
  static constexpr size_t kColumnsMin = 4;

  static std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> columns;
    while (!line.empty()) {
      size_t end = std::min(line.find_first_of(kBlanks), line.size());
      columns.push_back(line.substr(0, end));
      line = trim(line.substr(end));
    }
    return columns;
  }

  uint32_t customer_of(std::string_view id) {
    auto [place, is_new] = customers_.try_emplace(std::string(id), static_cast<uint32_t>(file_.customers.size()));
    if (is_new) {
      std::string identity = "\"userId\":";
      append_json_string(identity, id);
      file_.customers.push_back({std::string(id), std::move(identity)});
    }
    return place->second;
  }

  PurchaseFile& file_;
  DateFormat date_;
  std::unordered_map<std::string, uint32_t> customers_;
};

}  // namespace

Result<PurchaseFile> read_purchase_file(ImportText& text, const PurchaseFileOptions& options) {
  PurchaseFile file;
  if (options.cdnow) {
    CdnowLines lines(file);
    TRIBUTARY_TRY(for_each_line(text, [&](std::string_view line, uint64_t number) { return lines.add(line, number); }));
    file.currency = options.currency;
    file.ended = true;
    return file;
  }
  ExportedOrders orders(options, file);
  TRIBUTARY_TRY(for_each_line(text, [&](std::string_view line, uint64_t) { return orders.add(line); }));
  orders.finish();
  return file;
}

}  // namespace tributary
