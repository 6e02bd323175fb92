#include "engine/app/model_commands.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "connectors/bulk/input_file.h"
#include "connectors/bulk/purchase_file.h"
#include "engine/app/exit_code.h"
#include "engine/base/date_format.h"
#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/money.h"
#include "engine/base/time.h"
#include "engine/value_model/bg_nbd.h"
#include "engine/value_model/gamma_gamma.h"

namespace tributary {
namespace {

int refuse_fit(int exit_code, const std::string& message) {
  std::fprintf(stderr, "model fit: %s\n", message.c_str());
  return exit_code;
}

/// What the flags mean.
struct FitOrder {
  PurchaseFileOptions purchases;
  std::optional<int64_t> last_day;
};

Result<FitOrder> order_of(const ModelFlags& flags) {
  FitOrder order;
  order.purchases.cdnow = flags.format == "cdnow";
  auto currency = parse_currency(flags.currency);
  if (currency) order.purchases.currency = *currency;
  if (!flags.currency.empty() && !minor_unit_digits(flags.currency)) {
    return Error{ErrorCode::invalid, "--currency: \"" + flags.currency + "\" is no currency of ISO 4217"};
  }
  if (!std::isfinite(flags.yearly_discount_percent)) return Error{ErrorCode::invalid, "--discount: no number"};
  auto zoned = DateFormat::make("%Y-%m-%d", flags.zone);
  if (!zoned) return with_context("--zone", zoned.error());
  order.purchases.zone_micros = -zoned->parse("1970-01-01")->micros;
  if (flags.until.empty()) return order;
  auto until = DateFormat::make("%Y-%m-%d", "UTC")->parse(flags.until);
  if (!until) return Error{ErrorCode::invalid, "--until: \"" + flags.until + "\" is no date (YYYY-MM-DD)"};
  order.last_day = until->micros / kMicrosPerDay;
  return order;
}

/// Purchases in minor units, and how many were left out because they are worth nothing.
struct CountedPurchases {
  std::vector<DatedPurchase> purchases;
  uint64_t worth_nothing = 0;
};

Result<CountedPurchases> count_purchases(const PurchaseFile& file, bool keep_zero) {
  CountedPurchases counted;
  for (const BookedOrder& order : file.orders) {
    auto amount = to_minor(order.amount, file.currency);
    if (!amount) return Error{ErrorCode::invalid, "the amount " + to_text(order.amount) + " is too great"};
    if (*amount > 0 || (*amount == 0 && keep_zero)) {
      counted.purchases.push_back({order.customer, order.day, *amount});
    } else {
      ++counted.worth_nothing;
    }
  }
  return counted;
}

/// Everything that is known once the models are fitted.
struct FittedFile {
  PurchaseFile file;
  uint64_t worth_nothing = 0;
  int64_t last_day = 0;
  std::vector<PurchaseHistory> histories;
  BgNbdFit purchases;
  GammaGammaFit values;
  uint64_t predictions = 0, without_identity = 0;

  double minor_per_unit() const { return static_cast<double>(tributary::minor_per_unit(file.currency)); }
};

/// Errors: io of the file; corrupt and invalid of what it says.
Result<FittedFile> fit_file(const ModelFlags& flags, const FitOrder& order) {
  auto input = open_input_file(flags.file, {});
  if (!input) return Error{ErrorCode::io, input.error().message};
  auto file = read_purchase_file(*(*input)->text, order.purchases);
  if (!file) return with_context(flags.file, file.error());
  FittedFile fitted;
  fitted.file = std::move(*file);
  auto counted = count_purchases(fitted.file, flags.keep_zero);
  if (!counted) return with_context(flags.file, counted.error());
  fitted.worth_nothing = counted->worth_nothing;
  if (counted->purchases.empty()) return Error{ErrorCode::invalid, flags.file + " has no purchases"};
  auto by_day = [](const DatedPurchase& a, const DatedPurchase& b) { return a.day < b.day; };
  auto last = std::max_element(counted->purchases.begin(), counted->purchases.end(), by_day);
  fitted.last_day = order.last_day.value_or(last->day);
  auto histories = purchase_histories(std::move(counted->purchases), fitted.last_day);
  if (!histories) return with_context(flags.file, histories.error());
  fitted.histories = std::move(*histories);
  auto purchases = fit_bg_nbd(fitted.histories);
  if (!purchases) return with_context(flags.file, purchases.error());
  fitted.purchases = *purchases;
  auto values = fit_gamma_gamma(repeat_spendings(fitted.histories, fitted.minor_per_unit()));
  if (!values) return with_context(flags.file, values.error());
  fitted.values = *values;
  return fitted;
}

/// A JSON number of 10 significant digits, or of as many places as asked.
std::string number_text(double value) {
  char text[64];
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general, 10).ptr;
  return {text, end};
}
std::string number_text(double value, int places) {
  char text[400];
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, places).ptr;
  return {text, end};
}

/// `1997-09-30` of a day's number.
std::string date_text(int64_t day) { return format_iso8601(Timestamp{day * kMicrosPerDay}).substr(0, 10); }

/// The same for the same customer and day, whatever the model; its length does not depend on the id's.
std::string prediction_message_id(const std::string& customer, int64_t last_day) {
  return "model:" + date_text(last_day) + ":" +
         base32(Hash128::from_bytes(std::string_view(sha256(customer)).substr(0, 16)));
}

void append_prediction(const FittedFile& fitted, const PurchaseHistory& history, const ModelFlags& flags,
                       std::string& out) {
  const PurchaseFile::Customer& customer = fitted.file.customers[history.customer];
  const BgNbd& model = fitted.purchases.model;
  double value = expected_value(
      fitted.values.model, {static_cast<double>(history.repeats), history.mean_repeat_minor / fitted.minor_per_unit()});
  double discounted = discounted_purchases(model, history, flags.horizon_weeks, flags.yearly_discount_percent / 100);
  out += "{\"type\":\"identify\"," + customer.identity + ",";
  out += "\"messageId\":\"" + prediction_message_id(customer.id, fitted.last_day) + "\",";
  out += "\"timestamp\":\"" + date_text(fitted.last_day) + "T00:00:00.000Z\",\"traits\":";
  JsonOut traits(out);
  traits.begin_object();
  traits.key("expected_purchases").raw(number_text(expected_purchases(model, history, flags.horizon_weeks), 4));
  traits.key("expected_order_value").raw(number_text(value, minor_digits(fitted.file.currency)));
  traits.key("p_alive").raw(number_text(probability_alive(model, history), 4));
  traits.key("clv_predicted_minor").raw(number_text(discounted * value * fitted.minor_per_unit(), 0));
  traits.end_object();
  out += "}\n";
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Result<void> write_part(const std::string& part, FittedFile& fitted, const ModelFlags& flags) {
  std::unique_ptr<std::FILE, CloseFile> file(std::fopen(part.c_str(), "wb"));
  if (!file) return errno_error("opening " + part, errno);
  std::string line;
  for (const PurchaseHistory& history : fitted.histories) {
    if (fitted.file.customers[history.customer].identity.empty()) {
      ++fitted.without_identity;
      continue;
    }
    line.clear();
    append_prediction(fitted, history, flags, line);
    if (std::fwrite(line.data(), 1, line.size(), file.get()) != line.size())
      return errno_error("writing " + part, errno);
    ++fitted.predictions;
  }
  if (std::fflush(file.get()) != 0) return errno_error("writing " + part, errno);
  return {};
}

/// Into FILE.part first, so that a file of this name is whole. What is no file is left alone: a device would be
/// replaced.
Result<void> write_predictions(FittedFile& fitted, const ModelFlags& flags) {
  struct stat found{};
  bool other = ::lstat(flags.predictions.c_str(), &found) == 0 && !S_ISREG(found.st_mode);
  if (other) return Error{ErrorCode::io, flags.predictions + " is there, and no regular file"};
  std::string part = flags.predictions + ".part";
  auto written = write_part(part, fitted, flags);
  if (written && std::rename(part.c_str(), flags.predictions.c_str()) != 0) {
    written = errno_error("renaming " + part, errno);
  }
  if (!written) ::unlink(part.c_str());
  return written;
}

void append_left_out(JsonOut& json, const FittedFile& fitted) {
  const PurchaseFile::Counts& counts = fitted.file.left_out;
  json.key("orders_left_out").begin_object();
  json.key("of_nobody").unsigned_number(counts.of_nobody).key("repeated").unsigned_number(counts.repeated);
  json.key("tests").unsigned_number(counts.tests).key("without_amount").unsigned_number(counts.without_amount);
  json.key("other_currency").unsigned_number(counts.other_currency);
  json.key("taken_back").unsigned_number(counts.taken_back);
  json.key("worth_nothing").unsigned_number(fitted.worth_nothing).end_object();
}

std::string fit_json(const FittedFile& fitted, const ModelFlags& flags) {
  std::string text;
  JsonOut json(text);
  auto repeated = [](const PurchaseHistory& history) { return history.repeats > 0; };
  auto repeaters = std::count_if(fitted.histories.begin(), fitted.histories.end(), repeated);
  json.begin_object().key("customers").unsigned_number(fitted.histories.size());
  json.key("repeat_customers").number(repeaters);
  json.key("calibration_end").string(date_text(fitted.last_day));
  json.key("currency");
  if (fitted.file.currency.empty()) {
    json.null();
  } else {
    json.string(fitted.file.currency);
  }
  const auto& [r, alpha, a, b] = fitted.purchases.model;
  const auto& [p, q, v] = fitted.values.model;
  json.key("parameters").begin_object();
  json.key("r").raw(number_text(r)).key("alpha").raw(number_text(alpha)).key("a").raw(number_text(a));
  json.key("b").raw(number_text(b)).key("p").raw(number_text(p)).key("q").raw(number_text(q));
  json.key("v").raw(number_text(v)).end_object();
  json.key("log_likelihoods").begin_object().key("bg_nbd").raw(number_text(fitted.purchases.log_likelihood));
  json.key("gamma_gamma").raw(number_text(fitted.values.log_likelihood)).end_object();
  json.key("horizon_weeks").number(flags.horizon_weeks);
  double expected = expected_purchases(fitted.purchases.model, fitted.histories, flags.horizon_weeks);
  json.key("expected_purchases").raw(number_text(expected));
  append_left_out(json, fitted);
  if (!flags.predictions.empty()) {
    json.key("predictions").unsigned_number(fitted.predictions);
    json.key("customers_without_identifier").unsigned_number(fitted.without_identity);
  }
  json.end_object();
  return text;
}

}  // namespace

int fit_model(const ModelFlags& flags) {
  auto order = order_of(flags);
  if (!order) return refuse_fit(kExitUsage, order.error().message);
  auto fitted = fit_file(flags, *order);
  if (!fitted) {
    bool unreadable = fitted.error().code != ErrorCode::corrupt && fitted.error().code != ErrorCode::invalid;
    return refuse_fit(unreadable ? kExitIo : kExitDamaged, fitted.error().message);
  }
  if (!fitted->file.ended) {
    std::fprintf(stderr, "model fit: %s has no last line {\"end\":true}: some of the export may be missing\n",
                 flags.file.c_str());
  }
  if (!flags.predictions.empty()) {
    if (auto written = write_predictions(*fitted, flags); !written) {
      return refuse_fit(exit_code_of(written.error().code), written.error().message);
    }
  }
  if (std::printf("%s\n", fit_json(*fitted, flags).c_str()) < 0 || std::fflush(stdout) != 0) {
    return refuse_fit(kExitIo, errno_error("writing standard output", errno).message);
  }
  return kExitOk;
}

}  // namespace tributary
