// `tributary model ...`: what customers will buy and be worth.
#pragma once

#include <string>

namespace tributary {

struct ModelFlags {
  std::string file;               // of purchases; `-` for standard input
  std::string format = "ndjson";  // or cdnow
  std::string until;              // last day of the calibration, YYYY-MM-DD; empty: of the last purchase
  std::string zone = "UTC";       // or +hh:mm: where a day of an export begins
  std::string currency;           // the only one that counts; empty: that of the first purchase
  std::string predictions;        // file to write; empty: none
  bool keep_zero = false;         // a purchase of nothing is one
  int horizon_weeks = 52;
  double yearly_discount_percent = 10;
};

/// Fits BG/NBD and Gamma-Gamma to a file of purchases and prints the models as one JSON object; on demand writes an
/// identify event per customer with what they predict.
///
/// Exit code: 0; 64 an option is wrong; 65 the file is no file of purchases, or has too few to fit the models to;
/// 74 the file can't be read, or the predictions can't be written.
int fit_model(const ModelFlags& flags);

}  // namespace tributary
