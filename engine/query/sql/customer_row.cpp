#include "engine/query/sql/customer_row.h"

#include <utility>

#include "engine/query/facts.h"
#include "engine/query/orders.h"

namespace tributary {
namespace {

constexpr size_t kOrdersPerSqlPage = 1000;

}  // namespace

SqlCustomer::SqlCustomer(SqlStatement& statement, const Customer& customer)
    : statement_(statement), customer_(customer), id_(customer.id.text()) {}

SqlCustomer::SqlCustomer(SqlStatement& statement, std::unique_ptr<const Customer> customer)
    : owned_(std::move(customer)), statement_(statement), customer_(*owned_), id_(owned_->id.text()) {}

Result<const ProfileView*> SqlCustomer::profile() {
  if (!profile_) {
    auto read = read_profile(*statement_.source.snapshot, customer_);
    if (!read) return read.error();
    profile_ = std::move(*read);
  }
  return &*profile_;
}

Result<const std::vector<Order>*> SqlCustomer::orders() {
  if (profile_) return &profile_->orders;
  if (!orders_) {
    bool complete = true;
    auto read = read_orders(*statement_.source.snapshot, customer_.workspace, customer_.evidence, complete);
    if (!read) return read.error();
    orders_ = std::move(*read);
  }
  return &*orders_;
}

Result<const std::vector<Order>*> SqlCustomer::orders_with_lines() {
  if (orders_with_lines_) return &*orders_with_lines_;
  std::vector<Order> all;
  OrdersQuery query;
  query.limit = kOrdersPerSqlPage;
  do {
    auto page = read_orders_page(*statement_.source.snapshot, statement_.source.cursor_key, customer_, query);
    if (!page) return page.error();
    for (Order& order : page->orders) all.push_back(std::move(order));
    query.cursor = page->next_cursor;
  } while (!query.cursor.empty() && !statement_.must_end());
  orders_with_lines_ = std::move(all);
  return &*orders_with_lines_;
}

Result<const std::vector<Fact>*> SqlCustomer::facts() {
  if (profile_) return &profile_->facts;
  if (!facts_) {
    uint32_t cut = 0;
    auto read = read_facts(*statement_.source.snapshot, customer_.workspace, customer_.evidence, cut);
    if (!read) return read.error();
    facts_ = std::move(*read);
  }
  return &*facts_;
}

Result<const CustomerRecord*> SqlCustomer::record() {
  if (!record_) {
    auto said = facts();
    if (!said) return said.error();
    record_ = customer_record(facts_of(**said, FactKind::record), statement_.query.rules.zone, statement_.query.now);
  }
  return *record_ ? &**record_ : nullptr;
}

Result<const CustomerValue*> SqlCustomer::value() {
  if (!value_) {
    auto bought = orders();
    if (!bought) return bought.error();
    value_ = value_of(**bought, statement_.query.rules, statement_.query.now, statement_.source.scale.get());
  }
  return &*value_;
}

Result<const CustomerStatus*> SqlCustomer::status() {
  if (!status_) {
    auto said = facts();
    if (!said) return said.error();
    auto bought = orders();
    if (!bought) return bought.error();
    auto base = record();
    if (!base) return base.error();
    StatusBasis basis{**said, **bought, statement_.query.rules, statement_.query.now};
    basis.scale = statement_.source.scale.get();
    if (*base != nullptr) basis.take(**base);
    status_ = status_of(basis);
  }
  return &*status_;
}

Result<const std::vector<Interaction>*> SqlCustomer::talks() {
  if (!talks_) {
    auto said = facts();
    if (!said) return said.error();
    talks_ = interactions_of(facts_of(**said, FactKind::interaction));
  }
  return &*talks_;
}

Result<const InteractionFigures*> SqlCustomer::talk_figures() {
  if (!talk_figures_) {
    auto all = talks();
    if (!all) return all.error();
    talk_figures_ = interaction_figures(**all, statement_.query.now);
  }
  return &*talk_figures_;
}

Result<const CustomerPreferences*> SqlCustomer::preferences() {
  if (!preferences_) {
    auto said = facts();
    if (!said) return said.error();
    auto bought = orders();
    if (!bought) return bought.error();
    preferences_ = judge_preferences(facts_of(**said, FactKind::preference), facts_of(**said, FactKind::exclusion),
                                     **bought, statement_.query.now);
  }
  return &*preferences_;
}

Result<const std::vector<Ticket>*> SqlCustomer::tickets() {
  if (!tickets_) {
    auto said = facts();
    if (!said) return said.error();
    tickets_ =
        tickets_of(facts_of(**said, FactKind::ticket), facts_of(**said, FactKind::interaction), statement_.query.now);
  }
  return &*tickets_;
}

Result<const SurveyFigures*> SqlCustomer::surveys() {
  if (!surveys_) {
    auto said = facts();
    if (!said) return said.error();
    surveys_ = survey_figures(**said, statement_.query.now);
  }
  return &*surveys_;
}

Result<const std::vector<CustomerTag>*> SqlCustomer::tags() {
  if (!tags_) {
    auto said = facts();
    if (!said) return said.error();
    tags_ = tags_of(facts_of(**said, FactKind::tag), *statement_.source.tags, statement_.query.now);
    std::erase_if(*tags_, [](const CustomerTag& tag) { return tag.standing != TagStanding::held; });
  }
  return &*tags_;
}

void SqlCustomers::begin_all() {
  clear();
  walk_ =
      std::make_unique<CustomerWalk>(statement_.source.snapshot, statement_.source.workspace, statement_.source.rules);
}

void SqlCustomers::begin_one(std::string_view id) {
  clear();
  if (auto parsed = CustomerId::parse(id)) one_ = parsed->anchor;
}

Result<void> SqlCustomers::begin_with(std::string_view kind_text, std::string_view value) {
  clear();
  auto kind = parse_kind(kind_text);
  if (!kind) return {};
  const SqlSource& source = statement_.source;
  Hash128 hash = identifier_hash(source.index_key, *kind, value);
  auto vertex = load_vertex(*source.snapshot, source.workspace, hash);
  if (!vertex) return vertex.error();
  auto cuts = load_cut_times(*source.snapshot, cut_prefix(source.workspace, hash));
  if (!cuts) return cuts.error();
  if (!cuts->empty() || (*vertex && (*vertex)->out != 0)) {
    begin_all();
  } else if (*vertex) {
    one_ = hash;
  }
  return {};
}

Result<bool> SqlCustomers::next() {
  if (current_ != nullptr) statement_.leave(*current_);
  current_.reset();
  if (walk_ == nullptr && !one_) return false;
  if (one_) {
    auto found =
        find_customer(*statement_.source.snapshot, statement_.source.workspace, *one_, statement_.source.rules);
    one_.reset();
    if (!found && found.error().code == ErrorCode::not_found) return false;
    if (!found) return found.error();
    current_ = std::make_unique<SqlCustomer>(statement_, std::make_unique<const Customer>(std::move(*found)));
  } else {
    auto step = walk_->next();
    while (step && *step == ExportStep::nothing && !statement_.must_end()) step = walk_->next();
    if (!step) return step.error();
    if (*step != ExportStep::item) return false;
    current_ = std::make_unique<SqlCustomer>(statement_, walk_->customer());
  }
  statement_.enter(*current_);
  return true;
}

void SqlCustomers::clear() {
  if (current_ != nullptr) statement_.leave(*current_);
  current_.reset();
  walk_.reset();
  one_.reset();
}

}  // namespace tributary
