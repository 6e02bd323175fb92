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
constexpr std::array kTicketTypes = {Term{"enquiry", "咨询", "inquiry"}, Term{"fault", "故障", ""},
                                     Term{"complaint", "投诉", ""}};
constexpr std::array kSurveyKinds = {Term{"nps", "净推荐值", ""}, Term{"csat", "满意度", ""}, Term{"ces", "费力度", ""},
                                     Term{"questionnaire", "问卷", ""}};
constexpr std::array kPreferenceKinds = {Term{"category", "品类", ""}, Term{"brand", "品牌", ""},
                                         Term{"product", "商品", ""},  Term{"content", "内容", ""},
                                         Term{"channel", "渠道", ""},  Term{"time_of_day", "时段", ""},
                                         Term{"taste", "口味", ""},    Term{"price_level", "价位", ""}};

constexpr std::array kTagTypes = {Term{"industry", "行业标签", "industry tag"}, Term{"need", "需求标签", "need tag"},
                                  Term{"value", "价值标签", "value tag"}, Term{"risk", "风险标签", "risk tag"},
                                  Term{"channel", "渠道标签", "channel tag"}};
constexpr std::array kTagOrigins = {Term{"manual", "人工", ""}, Term{"import", "导入", ""}, Term{"rule", "规则", ""},
                                    Term{"model", "模型", ""}};

constexpr std::array kStatusTerms = {
    Term{"potential", "潜在客户", "potential customer"}, Term{"interested", "意向客户", "interested customer"},
    Term{"won", "成交客户", "won customer"}, Term{"lost", "流失客户", "lost customer"}};
constexpr std::array kLossReasons = {Term{"price", "价格", ""},
                                     Term{"competitor", "竞争对手", ""},
                                     Term{"need_gone", "需求消失", ""},
                                     Term{"service", "服务", ""},
                                     Term{"time_conflict", "时间冲突", ""},
                                     Term{"content_difficulty", "内容难度", ""},
                                     Term{"no_contact", "无法联系", ""},
                                     Term{"other", "其他", ""}};

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
std::span<const Term> ticket_types() { return kTicketTypes; }
std::span<const Term> survey_kinds() { return kSurveyKinds; }
std::span<const Term> preference_kinds() { return kPreferenceKinds; }
std::span<const Term> tag_types() { return kTagTypes; }
std::span<const Term> tag_origins() { return kTagOrigins; }
std::span<const Term> statuses() { return kStatusTerms; }
std::span<const Term> loss_reasons() { return kLossReasons; }

}  // namespace tributary
