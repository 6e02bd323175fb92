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

constexpr std::array kCustomerTypes = {Term{"person", "个人客户", "individual"}, Term{"person", "个人", "person"},
                                       Term{"organisation", "企业客户", "organization"},
                                       Term{"organisation", "企业", "company"}};
constexpr std::array kIndustries = {Term{"manufacturing", "制造业", ""},
                                    Term{"services", "服务业", ""},
                                    Term{"retail", "零售业", ""},
                                    Term{"construction", "建筑业", ""},
                                    Term{"software_it", "软件和信息技术服务业", "software and it services"},
                                    Term{"other", "其他", ""}};
constexpr std::array kCompanySizes = {Term{"small", "小型企业", ""}, Term{"medium", "中型企业", ""},
                                      Term{"large", "大型企业", ""}};
constexpr std::array kEnterpriseTypes = {
    Term{"state_owned", "国企", ""}, Term{"state_owned", "国有企业", "state owned enterprise"},
    Term{"private", "民企", ""},     Term{"private", "民营企业", "private enterprise"},
    Term{"foreign", "外企", ""},     Term{"foreign", "外资企业", "foreign enterprise"},
    Term{"other", "其他", ""},
};
constexpr std::array kCustomerSources = {Term{"website_signup", "官网注册", "website sign up"},
                                         Term{"exhibition_visit", "展会拜访", ""},
                                         Term{"phone_enquiry", "电话咨询", "phone inquiry"},
                                         Term{"referral", "转介绍", ""},
                                         Term{"online_promotion", "线上推广", ""},
                                         Term{"event_signup", "活动报名", "event sign up"},
                                         Term{"trial_request", "试用申请", ""},
                                         Term{"other", "其他", ""}};
constexpr std::array kCustomerStatuses = {Term{"potential", "潜在客户", "potential customer"},
                                          Term{"interested", "意向客户", "interested customer"},
                                          Term{"won", "成交客户", "won customer"},
                                          Term{"lost", "流失客户", "lost customer"},
                                          Term{"potential", "潜在", ""},
                                          Term{"interested", "意向", ""},
                                          Term{"won", "成交", ""},
                                          Term{"lost", "流失", ""}};
constexpr std::array kVagueStatuses = {
    Term{"vague", "跟进中", "following up"}, Term{"vague", "有希望", "promising"},
    Term{"vague", "再看看", "wait and see"}, Term{"vague", "待跟进", "to be followed up"},
    Term{"vague", "考虑中", "considering"},  Term{"vague", "观望", "in progress"},
    Term{"vague", "洽谈中", "in talks"},
};
constexpr std::array kGenders = {Term{"female", "女", "f"}, Term{"male", "男", "m"}, Term{"other", "其他", ""}};
constexpr std::array kMaritalStatuses = {Term{"single", "未婚", "unmarried"}, Term{"married", "已婚", ""},
                                         Term{"divorced", "离异", ""}, Term{"widowed", "丧偶", ""}};
constexpr std::array kRiskTolerances = {Term{"conservative", "保守型", ""}, Term{"balanced", "稳健型", ""},
                                        Term{"aggressive", "激进型", ""}};
constexpr std::array kRecordSourceKinds = {Term{"staff", "员工", ""}, Term{"form", "表单", ""},
                                           Term{"import", "导入", ""}, Term{"third_party", "第三方", ""}};

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

std::span<const Term> customer_types() { return kCustomerTypes; }
std::span<const Term> industries() { return kIndustries; }
std::span<const Term> company_sizes() { return kCompanySizes; }
std::span<const Term> enterprise_types() { return kEnterpriseTypes; }
std::span<const Term> customer_sources() { return kCustomerSources; }
std::span<const Term> customer_statuses() { return kCustomerStatuses; }
std::span<const Term> genders() { return kGenders; }
std::span<const Term> marital_statuses() { return kMaritalStatuses; }
std::span<const Term> risk_tolerances() { return kRiskTolerances; }
std::span<const Term> record_source_kinds() { return kRecordSourceKinds; }

bool is_vague_status(std::string_view text) { return find_code(kVagueStatuses, text).has_value(); }

}  // namespace tributary
