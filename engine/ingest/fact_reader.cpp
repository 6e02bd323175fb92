#include "engine/ingest/fact_reader.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <string_view>

#include "engine/ingest/customer_record_reader.h"
#include "engine/ingest/fact_properties.h"
#include "engine/ingest/interaction_reader.h"
#include "engine/ingest/membership_reader.h"
#include "engine/ingest/preference_reader.h"
#include "engine/ingest/status_reader.h"
#include "engine/ingest/survey_reader.h"
#include "engine/ingest/tag_reader.h"
#include "engine/ingest/ticket_reader.h"

namespace tributary {
namespace {

/// Trust and subject are filled in here: a reader gives the text alone.
using ReadFact = void (*)(const FactProperties& properties, Event& event);
struct FactReader {
  ReadFact read;
  bool governed = false;  // decides something about the customer: only who proves to be entitled may say it
};
using FactReaders = boost::unordered_flat_map<std::string_view, FactReader, std::hash<std::string_view>>;

void read_review(const FactProperties& properties, Event& event) {
  read_feeling(properties, event);
  read_product_review(properties, event);
}

FactReaders fact_readers() {
  return {
      {"Customer Record Saved", {.read = read_customer_record_saved, .governed = true}},
      {"Owner Changed", {.read = read_owner_changed, .governed = true}},
      {"Interaction Logged", {read_interaction_logged}},
      {"Call Completed", {read_call_completed}},
      {"Social Message Received", {read_social_message}},
      {"Social Message Sent", {read_social_message}},
      {"Ticket Created", {read_ticket}},
      {"Ticket Assigned", {read_ticket}},
      {"Ticket First Responded", {read_ticket}},
      {"Ticket Solved", {read_ticket}},
      {"Ticket Reopened", {read_ticket}},
      {"Ticket Closed", {read_ticket}},
      {"Survey Answered", {read_survey_answered}},
      {"Product Reviewed", {read_review}},
      {"Post Commented", {read_feeling}},
      {"Mention Found", {read_feeling}},
      {"Preference Set", {read_preference_set}},
      {"Exclusion Added", {read_exclusion}},
      {"Exclusion Removed", {read_exclusion}},
      {"Recommendation Dismissed", {read_exclusion}},
      {"Product Viewed", {read_product_interest}},
      {"Product Added to Wishlist", {read_product_interest}},
      {"Product Added", {read_product_interest}},
      {"Product Removed", {read_product_interest}},
      {"Product Tried On", {read_product_interest}},
      {"Order Completed", {read_order_interest}},
      {"Order Updated", {read_order_interest}},
      {"Membership Joined", {read_membership}},
      {"Membership Tier Changed", {read_membership}},
      {"Points Earned", {read_points}},
      {"Points Redeemed", {read_points}},
      {"Referral Completed", {read_referral}},
      {"Account Followed", {read_following}},
      {"Account Unfollowed", {read_following}},
      {"Page Left", {check_dwell}},
      {"Status Change Requested", {.read = read_status_request, .governed = true}},
      {"Status Change Approved", {.read = read_status_decision, .governed = true}},
      {"Status Change Rejected", {.read = read_status_decision, .governed = true}},
      {"Status Change Reverted", {.read = read_status_decision, .governed = true}},
      {"Trial Requested", {read_status_evidence}},
      {"Quote Sent", {read_status_evidence}},
      {"Contract Signed", {read_status_evidence}},
      {"Opportunity Won", {read_status_evidence}},
      {"Tag Added", {.read = read_tag, .governed = true}},
      {"Tag Removed", {.read = read_tag, .governed = true}},
  };
}

}  // namespace

void read_facts(const JsonValue& properties, const FactReading& reading, Event& event) {
  static const FactReaders kReaders = fact_readers();
  auto reader = kReaders.find(event.name);
  if (reader == kReaders.end() || !properties.is(JsonKind::object)) return;
  if (reader->second.governed && reading.source.trust != SourceTrust::server) {
    event.flags |= EventFlags::kPropertyWrong;
    return;
  }
  reader->second.read(FactProperties(properties, reading.source, event.flags), event);
  for (FactSaid& fact : event.facts) {
    fact.trust = reading.source.trust == SourceTrust::server ? Trust::verified : Trust::claimed;
    fact.subject = fact_subject(reading.index_key, fact.kind, fact.subject_text);
  }
}

}  // namespace tributary
