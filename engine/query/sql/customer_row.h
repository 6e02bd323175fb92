// A customer as the tables show it: each group of figures is computed when one of its columns is asked for.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/profile/status.h"
#include "engine/query/customer_walk.h"
#include "engine/query/profile_view.h"
#include "engine/query/sql/statement.h"

namespace tributary {

/// Owner: the thread that runs the statement.
class SqlCustomer {
 public:
  /// The customer and the statement outlive it.
  SqlCustomer(SqlStatement& statement, const Customer& customer);
  SqlCustomer(SqlStatement& statement, std::unique_ptr<const Customer> customer);

  const Customer& customer() const { return customer_; }
  const std::string& id() const { return id_; }
  SqlStatement& statement() const { return statement_; }

  // Errors of all: corrupt, io.
  Result<const ProfileView*> profile();
  Result<const std::vector<Order>*> orders();
  /// With lines, newest first.
  Result<const std::vector<Order>*> orders_with_lines();
  /// Of all kinds, sorted by kind.
  Result<const std::vector<Fact>*> facts();
  /// Null before the first whole save.
  Result<const CustomerRecord*> record();
  Result<const CustomerValue*> value();
  Result<const CustomerStatus*> status();
  Result<const std::vector<Interaction>*> talks();
  Result<const InteractionFigures*> talk_figures();
  Result<const CustomerPreferences*> preferences();
  Result<const std::vector<Ticket>*> tickets();
  Result<const SurveyFigures*> surveys();
  /// Those it holds.
  Result<const std::vector<CustomerTag>*> tags();

 private:
  std::unique_ptr<const Customer> owned_;
  SqlStatement& statement_;
  const Customer& customer_;
  const std::string id_;
  std::optional<ProfileView> profile_;
  std::optional<std::vector<Order>> orders_, orders_with_lines_;
  std::optional<std::vector<Fact>> facts_;
  std::optional<std::optional<CustomerRecord>> record_;
  std::optional<CustomerValue> value_;
  std::optional<CustomerStatus> status_;
  std::optional<std::vector<Interaction>> talks_;
  std::optional<InteractionFigures> talk_figures_;
  std::optional<CustomerPreferences> preferences_;
  std::optional<std::vector<Ticket>> tickets_;
  std::optional<SurveyFigures> surveys_;
  std::optional<std::vector<CustomerTag>> tags_;
};

/// Every customer, or one of them.
class SqlCustomers {
 public:
  explicit SqlCustomers(SqlStatement& statement) : statement_(statement) {}
  ~SqlCustomers() { clear(); }
  SqlCustomers(const SqlCustomers&) = delete;
  SqlCustomers& operator=(const SqlCustomers&) = delete;

  void begin_all();
  /// By an id as text; nobody when there is none.
  void begin_one(std::string_view id);
  /// By an identifier in its normal form. Everybody where it may be several customers'.
  Result<void> begin_with(std::string_view kind, std::string_view value);

  /// False at the end, and when the statement must end.
  Result<bool> next();
  SqlCustomer& current() { return *current_; }

 private:
  void clear();

  SqlStatement& statement_;
  std::unique_ptr<CustomerWalk> walk_;
  std::optional<Hash128> one_;
  std::unique_ptr<SqlCustomer> current_;
};

}  // namespace tributary
