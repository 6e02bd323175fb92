// The vocabulary of answers and feelings, as facts of kind `survey` keep it.
#pragma once

#include <cstdint>

namespace tributary {

/// Stored: never renumber. `felt`: a review, a comment or a mention, of which the sentiment alone is kept.
enum class SurveyAct : uint8_t { answered = 1, felt = 2 };

/// Stored: never renumber.
enum class SurveyField : uint8_t {
  survey_kind = 1,  // a code of survey_kinds()
  score = 2,        // a whole number
  sentiment = 3,    // -1 to 1
};

}  // namespace tributary
