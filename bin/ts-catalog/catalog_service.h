// What ts-catalog answers: products, changes of them, and the polls of the fronts' caches.
//
// A change on its way: it is logged → applied, which tells subscriptions_ of each toy that changed
// → the polls that wait are answered with it → the fronts acknowledge it by their next polls → the
// answer, held back since it was applied, goes out. Fronts that are silent are waited for until
// their leases are out, and no longer. Where leadership is lost meanwhile the answer is 504.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "daemon/part.h"
#include "loop/loop.h"
#include "repl/driver.h"
#include "replica/service.h"
#include "rpc/server.h"
#include "toys/catalog.h"
#include "toys/request.h"
#include "toys/subscriptions.h"
#include "wire/envelope.h"
#include "wire/json.h"

namespace tandem::catalog {

struct CatalogOptions {
  // Asked by the first leader of a new store, which logs them, until it gets them.
  std::function<Result<std::vector<toys::NewToy>>()> first_toys;
  uint64_t restock_every_ms = 10'000;  // 0: never
  int64_t restock_to = 100;
  size_t max_fronts = 64;
  size_t max_held = 16384;  // answers to changes that wait for the fronts; more changes are refused
};

class CatalogService final : public daemon::Part, public replica::Methods {
 public:
  // `catalog` and `replica` outlive this.
  CatalogService(loop::Loop& loop, CatalogOptions options, toys::Catalog& catalog,
                 repl::Driver& replica);

  void on_request(rpc::Reply reply, const wire::Request& request) override;
  void add_info(wire::Json& info) const override;

  std::string_view name() const override { return "catalog"; }
  void start(UniqueFunction<void(Status)> done) override;
  // No changes any more; done when those that there were are answered.
  void drain(UniqueFunction<void()> done) override;

 private:
  struct Held {  // an answer, until every cache knows of the change
    uint64_t barrier = 0;
    rpc::Reply reply;
    repl::Written written;
  };

  void get(rpc::Reply reply, const wire::Request& request);
  void list(rpc::Reply reply, const wire::Request& request);
  void change(rpc::Reply reply, const wire::Request& request);
  void hold(rpc::Reply reply, Result<repl::Written> written);
  Result<std::string> command_of(const wire::Request& request) const;
  void poll(rpc::Reply reply, const wire::Request& request);
  void leadership_changed(bool takes_writes);
  void tick();
  void tick_by(int64_t at_ns);
  void log_first_toys(int64_t now);
  void restock();
  void push_out();
  void release();
  void let_go();
  void finish_draining();

  const CatalogOptions options_;
  toys::Catalog& catalog_;
  repl::Driver& replica_;
  toys::Subscriptions subscriptions_;
  std::map<uint64_t, rpc::Reply> polls_;  // that wait, by front
  std::deque<Held> held_;                 // in the order of their barriers
  size_t writing_ = 0;                    // changes that are not applied yet
  int64_t first_toys_again_at_ = 0;
  bool restocking_ = false;
  UniqueFunction<void()> drained_;  // while draining
  bool draining_ = false;
  uint64_t changes_ = 0;
  loop::Timer ticker_;
  int64_t tick_at_ns_ = 0;  // when the ticker is set to go off
  loop::Timer restocker_;
};

}  // namespace tandem::catalog
