// What ts-catalog answers: products, changes of them, and the polls of the fronts' caches.
//
// A change on its way: it is logged → applied, which tells subscriptions_ of each toy that changed
// → the polls that wait are answered with it → the fronts acknowledge it by their next polls → the
// answer, held back since it was applied, goes out. Fronts that are silent are waited for until
// their leases are out, and no longer. Where leadership is lost meanwhile the answer is 504. Pure:
// the simulator runs this very code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/alarm_time.h"
#include "base/function.h"
#include "base/result.h"
#include "repl/driver.h"
#include "store/service.h"
#include "store/surroundings.h"
#include "toys/catalog.h"
#include "toys/request.h"
#include "toys/subscriptions.h"
#include "wire/envelope.h"
#include "wire/json.h"

namespace tandem::store {

struct CatalogOptions {
  // Asked by the first leader of a new store, which logs them, until it gets them.
  std::function<Result<std::vector<toys::NewToy>>()> first_toys;
  uint64_t restock_every_ms = 10'000;  // 0: never
  int64_t restock_to = 100;
  size_t max_held = 16384;  // answers to changes that wait for the fronts; more changes are refused
  uint32_t own_budget_ms = 5000;  // of what this replica logs by itself
  toys::SubscriptionOptions subscriptions = {};
  uint64_t first_subscription = 1;  // random: no front may take another life's for its own
};

class CatalogService final : public Service {
 public:
  // All of them outlive this. REQUIRES: before the replica starts.
  CatalogService(CatalogOptions options, const Time& time, Operator& people, toys::Catalog& catalog,
                 repl::Driver& replica);

  void start() override;
  void on_request(ReplyHandle reply, const wire::Request& request) override;
  void add_info(wire::Json& info) const override;
  // No changes any more; done when those that there were are answered.
  void drain(UniqueFunction<void()> done) override;

 private:
  struct Held {  // an answer, until every cache knows of the change
    uint64_t barrier = 0;
    ReplyHandle reply;
    repl::Written written;
  };

  int64_t now_ns() const { return time_.clock.boot_ns(); }
  void get(ReplyHandle reply, const wire::Request& request);
  void list(ReplyHandle reply, const wire::Request& request);
  void change(ReplyHandle reply, const wire::Request& request);
  void hold(ReplyHandle reply, Result<repl::Written> written);
  Result<std::string> command_of(const wire::Request& request) const;
  void poll(ReplyHandle reply, const wire::Request& request);
  void leadership_changed(bool takes_writes);
  void tick();
  void tick_by(int64_t at_ns);
  void stop_ticking();
  void log_first_toys(int64_t now);
  void restock();
  void push_out();
  void release();
  void answer_held();
  void let_go();
  void finish_draining();

  const CatalogOptions options_;
  const Time time_;
  Operator& people_;
  toys::Catalog& catalog_;
  repl::Driver& replica_;
  toys::Subscriptions subscriptions_;
  std::map<uint64_t, ReplyHandle> polls_;  // that wait, by front
  std::deque<Held> held_;                  // in the order of their barriers
  size_t writing_ = 0;                     // changes that are not applied yet
  int64_t first_toys_again_at_ = 0;
  bool restocking_ = false;
  UniqueFunction<void()> drained_;  // while draining
  bool draining_ = false;
  uint64_t changes_ = 0;
  const std::unique_ptr<Timer> ticker_;
  AlarmTime tick_at_;
  const std::unique_ptr<Timer> restocker_;
};

}  // namespace tandem::store
