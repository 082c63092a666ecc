// The state machine of the group `catalog`: toys with price and stock, and the outcome of every
// decrement that the order group has not confirmed yet.
//
// A decrement ("take") names the intent to buy that it is for (intent_id.h). Its outcome is kept
// with the stock, in one entry of the log, and a repetition gets the same outcome. Each take tells
// below which intent everything is closed: those outcomes are forgotten, and a late take of a
// closed intent does nothing. So nothing expires by time, and stock + sold = start + restocked.
//
// Commands, the payloads of log entries; described for readers in tandem-log(5):
//
//   {"init":[{"name","price_cents","quantity"},…]}     once, in an empty catalog
//   {"take":{"orders","intent","closed_below","name","quantity"}}
//   {"restock":{"name","quantity"}}                    adds
//   {"restock_empty":{"to":100}}                       each toy with none left
//   {"price":{"name","price_cents"}}
//   {"add":{"name","price_cents","quantity"}}
//
// Restock, price and add are answered with the toy as it is then. Before {"init"} everything else
// is refused: a take must not find out that there is no such toy where there is none yet.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "repl/state_machine.h"
#include "toys/intent_id.h"
#include "toys/request.h"
#include "wire/json.h"

namespace tandem::toys {

struct Toy {
  std::string name;
  int64_t price_cents = 0;
  int64_t stock = 0;
  uint64_t version = 0;  // the index of the entry that changed it last
  // stock + sold == start + restocked, always.
  int64_t start = 0;
  int64_t restocked = 0;
  int64_t sold = 0;
  bool operator==(const Toy&) const = default;
};

// {"name":"Tux","price":15.99,"quantity":100,"version":7}: what a reader is told.
std::string to_json(const Toy& toy);

// A decrement as the order leader asks for it.
struct Take {
  uint64_t orders = 0;  // the lineage of the order group
  IntentId intent;
  IntentId closed_below;  // every intent below this has its result
  std::string name;
  int64_t quantity = 0;
};
std::string to_json(const Take& take);
Result<Take> parse_take(std::string_view body);

constexpr int64_t kMaxStock = 1'000'000'000'000'000;  // of a toy: any JSON number holds it
// Of a lineage. When there are so many, only the lowest open intent is served, which then is closed
// and lets the others be forgotten: so the state is bounded and nothing is stuck.
constexpr size_t kMaxOutcomes = 100'000;
constexpr size_t kMaxLineages = 1000;  // of order groups: there is a new one where one is recreated

// The outcomes of a take, as HTTP statuses. Others mean that there was none.
constexpr uint16_t kTaken = 200;
constexpr uint16_t kNoSuchToy = 404;
constexpr uint16_t kOutOfStock = 400;
constexpr uint16_t kClosed = 410;  // the intent has its result already: nothing was done

class Catalog final : public repl::StateMachine {
 public:
  // --- the commands, for the leader to log ---
  static std::string init_command(const std::vector<NewToy>& toys);
  static std::string take_command(const Take& take);
  static std::string restock_command(const Purchase& restock);
  static std::string restock_empty_command(int64_t to);
  static std::string price_command(const NewPrice& price);
  static std::string add_command(const NewToy& toy);

  // Told of each toy that an entry changes, when it is applied (not when a snapshot is restored).
  void on_change(std::function<void(const Toy&)> callback) { on_change_ = std::move(callback); }

  repl::Applied apply(const wire::Entry& entry) override;
  Status admit(std::string_view text) const override;
  std::unique_ptr<repl::FrozenState> freeze() const override;
  void reset() override;
  Status restore_row(std::string_view row) override;
  Status finish_restore() override;
  std::unique_ptr<repl::StateMachine> make_empty() const override;
  void swap_state(repl::StateMachine& made) override;
  std::unique_ptr<repl::RowChecker> row_checker() const override;

  const Toy* find(std::string_view name) const;
  // In the order in which they were added.
  const std::vector<Toy>& toys() const { return toys_; }
  bool initialised() const { return initialised_; }
  bool any_empty() const;
  size_t remembered_outcomes() const;

  // An order group that this catalog knows, by its lineage, with the outcomes of its open intents.
  struct Group {
    IntentId closed_below;
    std::map<IntentId, uint16_t> outcomes;
    bool operator==(const Group&) const = default;
  };

 private:
  repl::Applied init(const wire::Json& toys, uint64_t version);
  repl::Applied take(const wire::Json& command, uint64_t version);
  uint16_t take_out(const Take& take, uint64_t version);
  repl::Applied restock(const wire::Json& command, uint64_t version);
  repl::Applied restock_empty(const wire::Json& command, uint64_t version);
  repl::Applied set_price(const wire::Json& command, uint64_t version);
  repl::Applied add(const wire::Json& command, uint64_t version);
  Toy* find_toy(std::string_view name);
  // As to_json(toy), and tells on_change.
  std::string changed(Toy& toy, uint64_t version);
  void put(Toy toy);

  std::vector<Toy> toys_;
  std::unordered_map<std::string, size_t> by_name_;  // position in toys_
  std::map<uint64_t, Group> groups_;
  bool initialised_ = false;
  std::function<void(const Toy&)> on_change_;
};

}  // namespace tandem::toys
