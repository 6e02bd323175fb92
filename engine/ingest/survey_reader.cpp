#include "engine/ingest/survey_reader.h"

#include <array>

#include "engine/base/money.h"
#include "engine/domain/survey.h"

namespace tributary {
namespace {

constexpr size_t kSurveyIdBytesMax = 200;

struct ScoredKind {
  std::string_view kind;
  int64_t least, most;
};
constexpr std::array kScoredKinds = {ScoredKind{"nps", 0, 10}, ScoredKind{"csat", 1, 5}, ScoredKind{"ces", 1, 7}};

const ScoredKind* scored_kind(std::string_view kind) {
  for (const ScoredKind& scored : kScoredKinds) {
    if (scored.kind == kind) return &scored;
  }
  return nullptr;
}

/// Empty and noted for what is no whole number of the scale; empty for none.
std::string score_in(const FactProperties& properties, const ScoredKind& kind) {
  std::string text = properties.number("score");
  if (text.empty()) return {};
  auto amount = parse_amount(text);
  for (; amount && amount->scale > 0 && amount->digits % 10 == 0; --amount->scale) amount->digits /= 10;
  if (!amount || amount->scale > 0 || amount->digits < kind.least || amount->digits > kind.most) {
    properties.note_wrong();
    return {};
  }
  return to_text(*amount);
}

}  // namespace

void read_survey_answered(const FactProperties& properties, Event& event) {
  FactSaid fact;
  fact.kind = FactKind::survey;
  fact.act = static_cast<uint8_t>(SurveyAct::answered);
  fact.subject_text = properties.text("survey_id", kSurveyIdBytesMax);
  std::string kind = properties.code("kind", survey_kinds());
  const ScoredKind* scored = scored_kind(kind);
  std::string score = scored != nullptr ? score_in(properties, *scored) : std::string();
  bool whole = !fact.subject_text.empty() && !kind.empty() && (scored == nullptr || !score.empty());
  if (!whole) return properties.note_missing();
  fact.values = FactValues()
                    .add(SurveyField::survey_kind, std::move(kind))
                    .add(SurveyField::score, std::move(score))
                    .add(SurveyField::sentiment, properties.sentiment("sentiment"))
                    .take();
  event.facts.push_back(std::move(fact));
}

void read_feeling(const FactProperties& properties, Event& event) {
  FactSaid fact;
  fact.kind = FactKind::survey;
  fact.act = static_cast<uint8_t>(SurveyAct::felt);
  fact.subject_text = event.source + ' ' + event.message_id;
  fact.values = FactValues().add(SurveyField::sentiment, properties.sentiment("sentiment")).take();
  if (!fact.values.empty()) event.facts.push_back(std::move(fact));
}

}  // namespace tributary
