#include "engine/ingest/vocabulary.h"

#include <algorithm>
#include <array>

#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

constexpr std::array kInteractionModes = {Term{"phone", "电话", "phone call"}, Term{"visit", "拜访", ""},
                                          Term{"email", "邮件", "e mail"}, Term{"meeting", "会议", ""},
                                          Term{"live_stream", "线上直播", "live streaming"}};
constexpr std::array kInteractionFeedbacks = {
    Term{"interested", "有兴趣", ""}, Term{"needs_more_info", "需进一步了解", "needs more information"},
    Term{"not_now", "暂不考虑", ""}, Term{"rejected", "明确拒绝", ""}, Term{"objection", "提出异议", "objects"}};

bool same_words(std::string_view said, std::string_view term) {
  auto plain = [](char c) { return c == '_' || c == '-' ? ' ' : c; };
  return std::equal(said.begin(), said.end(), term.begin(), term.end(),
                    [&](char a, char b) { return plain(a) == plain(b); });
}

}  // namespace

std::optional<std::string_view> find_code(std::span<const Term> terms, std::string_view text) {
  auto folded = nfkc_casefold(trim_white_space(text));
  if (!folded) return std::nullopt;
  for (const Term& term : terms) {
    bool named = same_words(*folded, term.code) || *folded == term.label ||
                 (!term.english.empty() && same_words(*folded, term.english));
    if (named) return term.code;
  }
  return std::nullopt;
}

std::span<const Term> interaction_modes() { return kInteractionModes; }
std::span<const Term> interaction_feedbacks() { return kInteractionFeedbacks; }

}  // namespace tributary
