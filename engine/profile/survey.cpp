#include "engine/profile/survey.h"

#include <charconv>
#include <map>
#include <tuple>

#include "engine/base/money.h"
#include "engine/domain/interaction.h"
#include "engine/domain/ticket.h"
#include "engine/profile/talks.h"

namespace tributary {
namespace {

constexpr int64_t kFeelingMicros = 90 * kMicrosPerDay;
constexpr int64_t kSatisfied = 4;
constexpr int64_t kPromoter = 9, kPassive = 7;
constexpr Decimal kNegativeMost{-3, 1};

bool within_90d(Timestamp at, Timestamp now) { return at <= now && at.micros > now.micros - kFeelingMicros; }

/// A mean that is exact until it is asked for.
class Mean {
 public:
  void add(const Decimal& value) {
    auto sum = tributary::add(sum_, value);
    if (!sum) return;
    sum_ = *sum;
    ++count_;
  }
  uint64_t count() const { return count_; }

  /// Up to 6 places, without zeros at the end; nothing of nothing. Values are below a thousand, so all fits.
  std::optional<Decimal> value() const {
    if (count_ == 0) return std::nullopt;
    WideInteger divisor = count_;
    for (int place = 0; place < sum_.scale; ++place) divisor *= 10;
    Decimal mean{divide_half_even(sum_.digits * kMillion, divisor), kPlaces};
    for (; mean.scale > 0 && mean.digits % 10 == 0; --mean.scale) mean.digits /= 10;
    return mean;
  }

 private:
  static constexpr WideInteger kMillion = 1'000'000;
  static constexpr int kPlaces = 6;
  Decimal sum_;
  uint64_t count_ = 0;
};

class Feelings {
 public:
  explicit Feelings(Timestamp now) : now_(now) {}

  void add(Timestamp at, std::string_view sentiment) {
    auto value = within_90d(at, now_) ? parse_decimal(sentiment) : std::nullopt;
    if (!value) return;
    mean_.add(*value);
    auto above = tributary::add(*value, negate(kNegativeMost));
    if (above && above->digits <= 0) ++negative_;
  }

  void show(SurveyFigures& figures) const {
    figures.sentiment_count_90d = mean_.count();
    figures.negative_count_90d = negative_;
    figures.sentiment_avg_90d = mean_.value();
  }

 private:
  Timestamp now_;
  Mean mean_;
  uint64_t negative_ = 0;
};

/// Two senders that tell of one act on a ticket tell of one feeling.
void add_tickets(std::span<const Fact> facts, Timestamp now, Feelings& feelings) {
  std::map<std::tuple<Hash128, uint8_t>, const Fact*> last_told;
  for (const Fact& fact : facts) {
    if (fact.at > now || fact.text(TicketField::sentiment).empty()) continue;
    const Fact*& known = last_told[{fact.subject, fact.act}];
    if (known == nullptr || told_before(*known, fact)) known = &fact;
  }
  for (const auto& [act, fact] : last_told) feelings.add(fact->at, fact->text(TicketField::sentiment));
}

void add_talks(std::span<const Fact> facts, Feelings& feelings) {
  for (const Fact* talk : talks_of(facts)) feelings.add(talk->at, talk->text(InteractionField::sentiment));
}

std::optional<int64_t> answered_score(const Fact& fact) {
  std::string_view text = fact.text(SurveyField::score);
  int64_t score = 0;
  auto end = std::from_chars(text.data(), text.data() + text.size(), score);
  return !text.empty() && end.ptr == text.data() + text.size() ? std::optional(score) : std::nullopt;
}

/// Keeps the later answer.
void keep_last(const Fact*& last, const Fact& fact) {
  if (last == nullptr || said_before(*last, fact)) last = &fact;
}

}  // namespace

std::string_view SurveyFigures::nps_class() const {
  if (!nps_last) return "";
  if (*nps_last >= kPromoter) return "promoter";
  return *nps_last >= kPassive ? "passive" : "detractor";
}

SurveyFigures survey_figures(const std::vector<Fact>& facts, Timestamp now) {
  SurveyFigures figures;
  Feelings feelings(now);
  Mean satisfaction;
  const Fact* last_nps = nullptr;
  const Fact* last_ces = nullptr;
  for (const Fact& fact : facts_of(facts, FactKind::survey)) {
    if (fact.at > now) continue;
    feelings.add(fact.at, fact.text(SurveyField::sentiment));
    std::string_view kind = fact.text(SurveyField::survey_kind);
    auto score = answered_score(fact);
    if (!score) continue;
    if (kind == "nps") keep_last(last_nps, fact);
    if (kind == "ces") keep_last(last_ces, fact);
    if (kind != "csat" || !within_90d(fact.at, now)) continue;
    satisfaction.add(Decimal{*score, 0});
    if (*score >= kSatisfied) ++figures.csat_satisfied_90d;
  }
  add_tickets(facts_of(facts, FactKind::ticket), now, feelings);
  add_talks(facts_of(facts, FactKind::interaction), feelings);
  feelings.show(figures);
  if (last_nps != nullptr) {
    figures.nps_last = answered_score(*last_nps);
    figures.nps_last_at = last_nps->at;
  }
  if (last_ces != nullptr) figures.ces_last = answered_score(*last_ces);
  figures.csat_count_90d = satisfaction.count();
  figures.csat_avg_90d = satisfaction.value();
  return figures;
}

}  // namespace tributary
