// Shoppers at the toy store, a number of them at a time on one loop. Each looks at a toy, by chance
// buys some of it, and so on; when all have finished, every order is fetched and compared with what
// was bought.
//
// What can't be true is a mismatch, wherever it is seen: an order that is missing or differs, a
// number that was given twice, a toy that was listed and is not there or is another one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/exit_status.h"
#include "base/function.h"
#include "choices.h"
#include "session.h"
#include "tally.h"

namespace tandem::client {

struct ShopPlan {
  std::string url = {};       // of a front
  uint64_t iterations = 100;  // of each shopper
  size_t clients = 1;         // shoppers at a time
  double probability = 0.2;   // of buying after a look
  int64_t quantity = 1;       // of a purchase
  uint64_t seed = 0;
  bool cached = true;  // else the front is asked not to answer a query from its cache
};

enum class Kind : size_t { kQuery, kBuy, kOrder };
inline constexpr std::array<const char*, 3> kKindNames = {"query", "buy", "order"};

struct ShopResult {
  std::array<Tally, kKindNames.size()> tallies;  // by Kind
  Gap gap;                                       // between answers of any kind
  int64_t took_ns = 0;
  std::optional<Error> first_error;
  bool interrupted = false;
  bool gone = false;  // it ended because the store could not be reached

  // What another run has found besides.
  void add(const ShopResult& other);
  Tally all() const;
  // 1 for a mismatch, else that of the first error, else 0.
  ExitStatus status() const;
  // A row for each kind, and one for all of them together.
  wire::Json rows() const;
};

class Shop {
 public:
  // `toys` are the names of those that the store has; at least one. `label` is what progress is
  // shown with.
  Shop(Session& session, const ShopPlan& plan, std::vector<std::string> toys, std::string label);
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;

  // Turns the loop until all is done. Ends early where the store has answered nobody for the time
  // of a request; INT and TERM end the shopping, and a second one the comparing too.
  ShopResult run();

 private:
  struct Shopper {
    Choices choices;
    uint64_t visits = 0;
  };
  struct Purchase {
    int64_t number = 0;
    size_t toy = 0;
  };
  using Then = UniqueFunction<void(const Result<Reply>&)>;

  void visit(size_t shopper);
  void buy(size_t shopper, size_t toy);
  void tell_finish(size_t toy, const std::string& key);
  void compare_next();
  void leave();
  void interrupt();

  void ask(Kind kind, Call call, Then then);
  void count(Kind kind, int64_t begun_ns, const Result<Reply>& reply);
  void check_toy(size_t toy, const Result<Reply>& reply);
  void check_purchase(size_t toy, const Result<Reply>& reply);
  void check_order(const Purchase& purchase, const Result<Reply>& reply);
  void mismatch(Kind kind, const std::string& text);
  void tell(const std::string& text);
  void show_progress();

  Session& session_;
  const ShopPlan plan_;
  const std::vector<std::string> toys_;
  const std::string label_;
  loop::Timer progress_;
  std::vector<Shopper> shoppers_;
  std::vector<Purchase> purchases_;
  std::unordered_set<int64_t> numbers_;
  size_t compared_ = 0;  // purchases whose orders were asked for
  uint64_t visits_ = 0;
  size_t in_flight_ = 0;
  bool closing_ = false;    // no more visits
  bool comparing_ = false;  // the shoppers have gone
  bool gone_ = false;       // nor anything else
  int64_t last_answer_ns_ = 0;
  size_t told_ = 0;
  ShopResult result_;
};

}  // namespace tandem::client
