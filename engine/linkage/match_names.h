// Names of organisations and of the people to ask for, without what does not tell them apart. Texts are folded for
// matching, see match_text().
#pragma once

#include <string>
#include <string_view>

namespace tributary {

/// The name without administrative regions in brackets and without its legal form: 澄江科技(北京)有限公司 is 澄江科技,
/// and "acme (china) co., ltd." is "acme". Regions are those of a table and what is named as one (昆山市). A branch
/// (分公司) and a group (集团) are companies of their own and keep their word. A name of nothing else stays as it is.
std::string core_name(std::string_view folded_name);

/// The name of a person without honorific and title: 王芳女士, 王芳 经理, "ms. wang fang". Empty when nothing is left.
std::string contact_key(std::string_view folded_contact);

/// True when a part of the text was hidden: 王*, 138****1234.
bool is_masked(std::string_view text);

}  // namespace tributary
