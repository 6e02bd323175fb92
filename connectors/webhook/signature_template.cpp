#include "connectors/webhook/signature_template.h"

#include <algorithm>
#include <array>
#include <set>

#include "connectors/http/request_target.h"
#include "connectors/webhook/json_pointer.h"
#include "connectors/webhook/signed_json.h"
#include "engine/base/ascii.h"

namespace tributary {
namespace {

enum class Argument : uint8_t { none, needed, allowed };

struct VariableName {
  std::string_view name;
  TemplateVariable variable;
  Argument argument = Argument::none;
};

constexpr std::array kVariables = {
    VariableName{"secret", TemplateVariable::secret},
    VariableName{"config", TemplateVariable::config, Argument::needed},
    VariableName{"body", TemplateVariable::body, Argument::allowed},
    VariableName{"method", TemplateVariable::method},
    VariableName{"url", TemplateVariable::url},
    VariableName{"url_decoded", TemplateVariable::url_decoded},
    VariableName{"path", TemplateVariable::path},
    VariableName{"query", TemplateVariable::query, Argument::needed},
    VariableName{"header", TemplateVariable::header, Argument::needed},
    VariableName{"json", TemplateVariable::json, Argument::needed},
    VariableName{"query_sorted", TemplateVariable::query_sorted},
    VariableName{"form_sorted", TemplateVariable::form_sorted},
    VariableName{"timestamp", TemplateVariable::timestamp},
    VariableName{"id", TemplateVariable::id},
};

/// What HubSpot decodes in an address before it signs it, and nothing else.
constexpr std::array<std::pair<std::string_view, char>, 12> kDecodedEscapes = {{{"%3A", ':'},
                                                                                {"%2F", '/'},
                                                                                {"%3F", '?'},
                                                                                {"%40", '@'},
                                                                                {"%21", '!'},
                                                                                {"%24", '$'},
                                                                                {"%27", '\''},
                                                                                {"%28", '('},
                                                                                {"%29", ')'},
                                                                                {"%2A", '*'},
                                                                                {"%2C", ','},
                                                                                {"%3B", ';'}}};

std::string some_escapes_decoded(std::string_view url) {
  std::string out;
  for (size_t i = 0; i < url.size(); ++i) {
    std::string_view escape = url.substr(i, 3);
    auto known = std::find_if(kDecodedEscapes.begin(), kDecodedEscapes.end(),
                              [&](const auto& row) { return row.first == escape; });
    if (known == kDecodedEscapes.end()) {
      out += url[i];
    } else {
      out += known->second;
      i += 2;
    }
  }
  return out;
}

std::variant<TemplatePart, std::string> parse_variable(std::string_view inside) {
  size_t colon = inside.find(':');
  std::string_view name = inside.substr(0, colon);
  auto known = std::find_if(kVariables.begin(), kVariables.end(), [&](const auto& row) { return row.name == name; });
  if (known == kVariables.end()) return "unknown variable {" + std::string(name) + "}";
  std::string argument(colon == inside.npos ? "" : inside.substr(colon + 1));
  if (known->argument == Argument::none && colon != inside.npos) {
    return "{" + std::string(name) + "} has nothing behind a colon";
  }
  if (known->argument == Argument::needed && argument.empty()) {
    return "{" + std::string(name) + ":...} needs a name behind its colon";
  }
  if (known->variable == TemplateVariable::header) argument = ascii_lowered(argument);
  if (known->variable == TemplateVariable::json && !pointer_names(argument)) {
    return "{json:" + argument + "} is not a JSON Pointer";
  }
  return TemplatePart{known->variable, std::move(argument)};
}

std::string_view raw_query(const HttpRequest& request) {
  std::string_view target = request.target;
  size_t question = target.find('?');
  return question == target.npos ? std::string_view{} : target.substr(question + 1);
}

bool append_raw_parameter(std::string& out, const HttpRequest& request, std::string_view wanted) {
  bool found = false;
  for_each_form_field(raw_query(request), [&](std::string_view name, std::string_view value) {
    if (!found && name == wanted) {
      out += value;
      found = true;
    }
  });
  return found;
}

void append_sorted_query(std::string& out, const TemplateInputs& inputs) {
  auto sorted = inputs.request.query;
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [name, value] : sorted) {
    if (std::count(inputs.query_exclude.begin(), inputs.query_exclude.end(), name) > 0) continue;
    out += "&" + name + "=" + value;
  }
}

/// False when there is no such part.
bool append_part(std::string& out, const TemplatePart& part, const TemplateInputs& inputs, std::string_view secret) {
  const HttpRequest& request = inputs.request;
  switch (part.variable) {
    case TemplateVariable::literal:
      out += part.text;
      return true;
    case TemplateVariable::secret:
      out += secret;
      return true;
    case TemplateVariable::config: {
      const std::string* value = inputs.settings.find(part.text);
      if (value != nullptr) out += *value;
      return value != nullptr;
    }
    case TemplateVariable::body:
      if (!request.body.empty()) out.append(part.text).append(request.body);
      return true;
    case TemplateVariable::method:
      out += request.method;
      return true;
    case TemplateVariable::url:
      out += called_url(request, inputs.settings);
      return true;
    case TemplateVariable::url_decoded:
      out += some_escapes_decoded(called_url(request, inputs.settings));
      return true;
    case TemplateVariable::path:
      out += request.target.substr(0, request.target.find('?'));
      return true;
    case TemplateVariable::query:
      return append_raw_parameter(out, request, part.text);
    case TemplateVariable::header:
      out += request.header(part.text);
      return request.has_header(part.text);
    case TemplateVariable::json: {
      auto text = inputs.json.text_at(part.text);
      if (text) out += *text;
      return text.has_value();
    }
    case TemplateVariable::query_sorted:
      append_sorted_query(out, inputs);
      return true;
    case TemplateVariable::form_sorted:
      out += sorted_form(request.body);
      return true;
    case TemplateVariable::timestamp:
      out += inputs.timestamp;
      return !inputs.timestamp.empty();
    case TemplateVariable::id:
      out += inputs.id;
      return !inputs.id.empty();
  }
  return false;
}

}  // namespace

bool SignatureTemplate::uses(TemplateVariable variable) const {
  return std::any_of(parts.begin(), parts.end(), [&](const TemplatePart& part) { return part.variable == variable; });
}

std::variant<SignatureTemplate, std::string> parse_signature_template(std::string_view text) {
  SignatureTemplate parsed;
  while (!text.empty()) {
    size_t brace = text.find_first_of("{}");
    if (brace > 0) parsed.parts.push_back({TemplateVariable::literal, std::string(text.substr(0, brace))});
    if (brace == text.npos) break;
    size_t close = text.find('}', brace);
    if (text[brace] == '}' || close == text.npos) return "a brace without its other half";
    auto part = parse_variable(text.substr(brace + 1, close - brace - 1));
    if (auto* mistake = std::get_if<std::string>(&part)) return std::move(*mistake);
    parsed.parts.push_back(std::get<TemplatePart>(std::move(part)));
    text.remove_prefix(close + 1);
  }
  return parsed;
}

std::optional<std::string> render_template(const SignatureTemplate& pattern, const TemplateInputs& inputs,
                                           std::string_view secret) {
  std::string out;
  out.reserve(inputs.request.body.size() + 256);
  for (const TemplatePart& part : pattern.parts) {
    if (!append_part(out, part, inputs, secret)) return std::nullopt;
  }
  return out;
}

std::string called_url(const HttpRequest& request, const WebhookSettings& settings) {
  std::string_view base = settings.public_url;
  if (base.ends_with('/')) base.remove_suffix(1);  // the target begins with one
  return std::string(base) + request.target;
}

std::vector<std::pair<std::string, std::string>> decoded_form(std::string_view form) {
  std::vector<std::pair<std::string, std::string>> fields;
  for_each_form_field(form, [&](std::string_view name, std::string_view value) {
    auto& field = fields.emplace_back();
    decode_form_value(name, field.first);
    decode_form_value(value, field.second);
  });
  return fields;
}

std::string sorted_form(std::string_view form) {
  std::string out;
  auto fields = decoded_form(form);
  for (const auto& [name, value] : std::set(fields.begin(), fields.end())) out += name + value;
  return out;
}

}  // namespace tributary
