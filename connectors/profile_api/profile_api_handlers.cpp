#include "connectors/profile_api/profile_api_handlers.h"

#include <algorithm>
#include <map>
#include <utility>

#include "connectors/profile_api/profile_api_answers.h"
#include "connectors/profile_api/profile_api_json.h"
#include "connectors/query/find_owner.h"
#include "connectors/query/refusals.h"

namespace tributary {
namespace {

constexpr size_t kTraitsFallback = 10;
constexpr size_t kIdentifiersFallback = 25;
constexpr size_t kLinksMost = 20;
// Of a customer who was put into groups more often, the older groups may be missing.
constexpr size_t kGroupEventsRead = 1000;

std::string no_such_thing(std::string_view parameter, std::string_view character) {
  return "The parameter `" + std::string(parameter) + "` has invalid character(s) `" + std::string(character) + "`";
}

/// All that was said and, if wanted, computed, by name. What was computed hides what was said under its name.
std::vector<ProfileApiTrait> sorted_traits(const ProfileView& profile, TraitClass wanted, Timestamp now) {
  std::vector<ProfileApiTrait> traits;
  if (wanted == TraitClass::audience) return traits;
  for (const ComputedTraitView& trait : profile.computed_traits)
    traits.push_back({trait.name, trait.value.json, {}, now});
  if (wanted == TraitClass::all) {
    for (const TraitView& trait : profile.traits) {
      traits.push_back({trait.key, trait.value_json, trait.source, trait.occurred_at});
    }
  }
  std::stable_sort(traits.begin(), traits.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  traits.erase(std::unique(traits.begin(), traits.end(), [](const auto& a, const auto& b) { return a.name == b.name; }),
               traits.end());
  return traits;
}

/// Sorts as the page of identifiers goes: by type, then by value.
std::string sort_name(const IdentifierView& identifier) {
  return external_type(identifier.kind) + '\x1f' + identifier.value;
}

}  // namespace

HttpResponse ProfileApiHandlers::answer(const HttpRequest& request, Handler handler) {
  ApiCaller caller = api_caller(services_.keys, request, ApiRole::analyst);
  if (caller.key == nullptr) return refuse(request, caller.refusal);
  auto named = profile_named(request, caller);
  if (auto* refusal = std::get_if<HttpResponse>(&named)) return std::move(*refusal);
  return (this->*handler)(request, caller, std::get<ProfileView>(named));
}

std::variant<ProfileView, HttpResponse> ProfileApiHandlers::profile_named(const HttpRequest& request,
                                                                          const ApiCaller& caller) {
  constexpr std::string_view kNobody = "Profile was not found.";
  const std::string& space = request.arguments.at(0);
  const std::string& collection = request.arguments.at(1);
  const std::string& external_id = request.arguments.at(2);
  if (std::string_view wrong = invalid_character(collection); !wrong.empty()) {
    return refuse(request, RejectionCode::invalid_parameter, no_such_thing("collection", wrong));
  }
  if (space != caller.key->workspace_name || collection != "users") {
    return refuse(request, RejectionCode::not_found, kNobody);
  }
  size_t colon = external_id.find(':');
  if (colon == external_id.npos) {
    auto id = CustomerId::parse(external_id);
    if (!id) return refuse(request, RejectionCode::not_found, kNobody);
    auto profile = services_.engine.profile(caller.key->workspace, *id);
    if (profile) return std::move(*profile);
    RejectionCode code = code_of(profile.error());
    return refuse(request, code, code == RejectionCode::not_found ? kNobody : std::string_view());
  }
  std::string type = external_id.substr(0, colon);
  if (std::string_view wrong = invalid_character(type); !wrong.empty()) {
    return refuse(request, RejectionCode::invalid_parameter, no_such_thing("type", wrong));
  }
  auto kind = parse_kind(type);
  if (!kind) return refuse(request, RejectionCode::not_found, kNobody);
  auto found = find_owner(services_.engine, caller, {std::move(*kind), external_id.substr(colon + 1)},
                          services_.limits.identifier_bytes_max);
  if (auto* owner = std::get_if<IdentifierOwner>(&found)) return std::move(owner->profile);
  RejectionCode code = std::get<NoOwner>(found).code;
  bool nobody = rejection_row(code).http_status < 500;  // also for what can be no such value
  return refuse(request, nobody ? RejectionCode::not_found : code, nobody ? kNobody : std::string_view());
}

HttpResponse ProfileApiHandlers::traits(const HttpRequest& request, const ApiCaller& caller,
                                        const ProfileView& profile) {
  auto page = named_page(request, kTraitsFallback);
  if (auto* fault = std::get_if<ParameterFault>(&page)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto wanted = trait_class(request);
  if (auto* fault = std::get_if<ParameterFault>(&wanted)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  Timestamp now = system_clock().now();
  auto whole = services_.engine.whole_profile(caller.key->workspace, profile.id, now);
  if (!whole) return refuse(request, whole.error());
  auto traits = sorted_traits(whole->profile, std::get<TraitClass>(wanted), now);
  return profile_api_answer(request, profile_api_traits_json(traits, std::get<NamedPage>(page), request));
}

HttpResponse ProfileApiHandlers::external_ids(const HttpRequest& request, const ApiCaller& caller,
                                              const ProfileView& profile) {
  auto parsed = named_page(request, kIdentifiersFallback);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  const auto& page = std::get<NamedPage>(parsed);
  NamedPage types = page;  // the types are asked for, the page goes on behind a type and a value
  types.after.clear();
  std::map<std::string, const IdentifierView*> sorted;
  for (const IdentifierView& identifier : profile.identifiers) {
    std::string name = sort_name(identifier);
    if (name > page.after && types.wants(external_type(identifier.kind))) sorted.emplace(std::move(name), &identifier);
  }
  std::string out, last, next;
  JsonOut json(out);
  size_t told = 0;
  json.begin_object().key("data").begin_array();
  for (const auto& [name, identifier] : sorted) {
    if (told++ == page.limit) {
      next = position_text(last);
      break;
    }
    last = name;
    TimelineQuery query;
    query.from = identifier->first_seen;
    query.oldest_first = true;
    const KeyedHash& key = services_.engine.index_key(caller.key->workspace);
    Hash128 hash = identifier_hash(key, identifier->kind, identifier->value);
    query.naming = identifier->from ? generation_hash(hash, *identifier->from) : hash;
    auto first = first_event(caller, profile, std::move(query));
    if (!first) return refuse(request, first.error());
    ProfileApiIdentifier told_of{external_type(identifier->kind), identifier->value, identifier->first_seen, {}, {}};
    if (*first) {
      told_of.source = (*first)->source;
      told_of.message_id = (*first)->message_id;
    }
    append_external_id(json, told_of);
  }
  json.end_array();
  append_page_cursor(json, request, page.limit, next);
  json.end_object();
  return profile_api_answer(request, std::move(out));
}

HttpResponse ProfileApiHandlers::events(const HttpRequest& request, const ApiCaller& caller,
                                        const ProfileView& profile) {
  auto parsed = events_page(request);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto query = std::move(std::get<TimelineQuery>(parsed));
  if (query.oldest_first) query.from = std::max(query.from.value_or(profile.first_seen), profile.first_seen);
  auto page = services_.engine.timeline(caller.key->workspace, profile.id, query);
  if (!page) return refuse(request, page.error());
  std::string out;
  JsonOut json(out);
  json.begin_object().key("data").begin_array();
  for (const TimelineEntry& entry : page->entries) append_profile_api_event(json, entry, page->customer);
  json.end_array();
  append_page_cursor(json, request, query.limit, page->next_cursor);
  json.end_object();
  return profile_api_answer(request, std::move(out));
}

HttpResponse ProfileApiHandlers::metadata(const HttpRequest& request, const ApiCaller& caller,
                                          const ProfileView& profile) {
  TimelineQuery oldest;
  oldest.from = profile.first_seen;
  oldest.oldest_first = true;
  auto first = first_event(caller, profile, std::move(oldest));
  if (!first) return refuse(request, first.error());
  auto last = first_event(caller, profile, {});
  if (!last) return refuse(request, last.error());
  std::string out;
  JsonOut json(out);
  auto append = [&](std::string_view name, const std::optional<TimelineEntry>& entry,
                    std::string TimelineEntry::* member) {
    json.key(name);
    entry ? json.string(*entry.*member) : json.null();
  };
  json.begin_object().key("metadata").begin_object();
  json.key("created_at").string(format_iso8601(profile.first_seen));
  json.key("updated_at").string(format_iso8601(profile.last_seen)).key("expires_at").null();
  append("first_message_id", *first, &TimelineEntry::message_id);
  append("first_source_id", *first, &TimelineEntry::source);
  append("last_message_id", *last, &TimelineEntry::message_id);
  append("last_source_id", *last, &TimelineEntry::source);
  json.end_object().end_object();
  return profile_api_answer(request, std::move(out));
}

HttpResponse ProfileApiHandlers::links(const HttpRequest& request, const ApiCaller& caller,
                                       const ProfileView& profile) {
  auto limit = number_parameter(request, "limit", {1, kLinksMost, kLinksMost});
  if (auto* fault = std::get_if<ParameterFault>(&limit)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  TimelineQuery query;
  query.type = EventType::group;
  query.limit = kGroupEventsRead;
  auto page = services_.engine.timeline(caller.key->workspace, profile.id, query);
  if (!page) return refuse(request, page.error());
  // From the newest on, so what stays is the first event that named the group.
  std::map<std::string, const TimelineEntry*> groups;
  for (const TimelineEntry& entry : page->entries) {
    if (std::string group = group_of(entry); !group.empty()) groups[std::move(group)] = &entry;
  }
  std::string out;
  JsonOut json(out);
  size_t told = 0;
  json.begin_object().key("data").begin_array();
  for (const auto& [group, entry] : groups) {
    if (told++ == std::get<size_t>(limit)) break;
    json.begin_object().key("to_collection").string("accounts").key("external_ids").begin_array().begin_object();
    json.key("id").string(group).key("type").string("group_id").key("source_id").string(entry->source);
    json.key("collection").string("accounts").key("created_at").string(format_iso8601(entry->occurred_at));
    json.key("encoding").string("none").end_object().end_array().end_object();
  }
  json.end_array().end_object();
  return profile_api_answer(request, std::move(out));
}

// Of the page that the query asks for, the first; nothing where retention deleted them all.
Result<std::optional<TimelineEntry>> ProfileApiHandlers::first_event(const ApiCaller& caller,
                                                                     const ProfileView& profile, TimelineQuery query) {
  query.limit = 1;
  auto page = services_.engine.timeline(caller.key->workspace, profile.id, query);
  if (!page) return page.error();
  if (page->entries.empty()) return std::optional<TimelineEntry>();
  return std::optional<TimelineEntry>(std::move(page->entries.front()));
}

HttpResponse ProfileApiHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_profile_api(services_.metrics, request, code, message);
}

HttpResponse ProfileApiHandlers::refuse(const HttpRequest& request, const Error& error) {
  return refuse(request, code_of(error));
}

}  // namespace tributary
