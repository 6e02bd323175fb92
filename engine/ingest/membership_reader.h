// What events say of programs of members, and of accounts of ours that are followed.
#pragma once

#include "engine/ingest/fact_properties.h"

namespace tributary {

/// Membership Joined, Membership Tier Changed.
void read_membership(const FactProperties& properties, Event& event);
/// Points Earned, Points Redeemed.
void read_points(const FactProperties& properties, Event& event);
/// Referral Completed.
void read_referral(const FactProperties& properties, Event& event);
/// Account Followed, Account Unfollowed.
void read_following(const FactProperties& properties, Event& event);
/// Page Left: notes a time that is more than counts, or none. Nothing of it is a fact.
void check_dwell(const FactProperties& properties, Event& event);

}  // namespace tributary
