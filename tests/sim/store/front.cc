#include "sim/store/front.h"

#include <utility>

#include "base/ids.h"
#include "sim/checks.h"
#include "toys/planted.h"
#include "toys/request.h"
#include "wire/json.h"

namespace tandem::sim {

using toys::Bug;
using wire::Method;

namespace {

constexpr int64_t kBudgetNs = 1000 * kMs;  // of a request

Call get_call(const std::string& name) {
  wire::Json body;
  body.set("name", name);
  return {Method::kCatalogGet, {}, body.dump()};
}

uint64_t version_of(const Response& response) {
  if (response.status != 200) return 0;
  return static_cast<uint64_t>(*wire::parse_json(response.body)->find("version")->as_int());
}

void add(toys::CacheFigures& sum, const toys::CacheFigures& figures) {
  sum.hits += figures.hits;
  sum.misses += figures.misses;
  sum.stored += figures.stored;
  sum.evicted += figures.evicted;
  sum.invalidated += figures.invalidated;
  sum.emptied += figures.emptied;
  sum.refused += figures.refused;
}

}  // namespace

Front::Life::Life(Store& store, const Address& self, Process& process)
    : cache(store.plan.cache, store.universe.new_id()),
      orders(store, Role::kOrders, self, process),
      catalog(store, Role::kCatalog, self, process),
      polls(store, Role::kCatalog, self, process) {}

Front::Front(Store& store, uint32_t id)
    : Process(store.universe, store.plan.wires.clock_ppm), store_(store), id_(id) {
  store_.wires.attach({Role::kFront, id}, *this, [this]() -> Server& { return *this; });
}

void Front::start() {
  if (up()) return;
  begin_life();
  life_ = std::make_unique<Life>(store_, Address{Role::kFront, id_}, *this);
  store_.universe.trace.note("front", "start id:", {id_});
  later(0, [this] { poll(); });
}

void Front::crash() {
  store_.universe.trace.note("front", "crash id:", {id_});
  add(former_, life_->cache.figures());
  life_.reset();
  end_life();
}

void Front::heal() {
  stay_awake();
  start();
}

toys::CacheFigures Front::figures() const {
  toys::CacheFigures sum = former_;
  if (life_ != nullptr) add(sum, life_->cache.figures());
  return sum;
}

void Front::serve(const Call& call, Return reply) {
  take(call, reply);
  if (life_ != nullptr) life_->last_clock_ns = clock();
}

void Front::take(const Call& call, const Return& reply) {
  if (call.method == Method::kCatalogGet) {
    const std::string name = *toys::parse_toy_name(call.body);
    query({name, store_.ledger.floor(name), 0, clock() + kBudgetNs, reply});
    return;
  }
  const bool of_orders = call.method == Method::kOrderPlace || call.method == Method::kOrderGet;
  pass_on(of_orders ? life_->orders : life_->catalog, call, reply);
}

void Front::pass_on(Gateway& gateway, Call call, const Return& reply) {
  const bool changes = !wire::is_read(call.method);
  if (changes && call.key.empty()) {
    call.key = made_key(0, store_.universe.new_id());
  }
  gateway.submit(std::move(call), kBudgetNs, [this, changes, reply](const Response& response) {
    if (changes) store_.passes(Step::kFrontHears, *this);
    reply.answer(response.is_final() ? response : Response{504, "{}"});
  });
  if (changes) store_.passes(Step::kFrontAsks, *this);
}

// --- queries ---

void Front::query(Query query) {
  // Sampled now that the request is here.
  const int64_t now = planted(Bug::kFrontClockBefore) ? life_->last_clock_ns : clock();
  if (now >= query.deadline_ns) {
    query.reply.answer({504, "{}"});
    return;
  }
  if (const std::string* text = life_->cache.find(query.name, now)) {
    answer(query, {200, *text}, true);
    return;
  }
  using How = toys::ProductCache::Join::How;
  const auto join = life_->cache.join_fill(query.name, now);
  if (join.how == How::kAlone) {
    ask_alone(std::move(query));
    return;
  }
  const std::string name = query.name;
  query.floor = join.floor;
  life_->waiting[name].push_back(std::move(query));
  if (join.how == How::kBegin) fill(name);
}

void Front::ask_alone(Query query) {
  Call call = get_call(query.name);
  life_->catalog.submit(std::move(call), kBudgetNs,
                        [this, query = std::move(query)](const Response& response) {
                          answer(query, response, false);
                        });
}

void Front::fill(const std::string& name) {
  life_->catalog.submit(get_call(name), kBudgetNs, [this, name](const Response& response) {
    store_.passes(Step::kFillHeard, *this);
    filled(name, response);
  });
}

void Front::filled(const std::string& name, const Response& response) {
  const uint64_t version = version_of(response);
  if (response.is_final()) {
    life_->cache.end_fill(name, version, response.body);
  } else {
    life_->cache.fail_fill(name);
  }
  auto waiting = life_->waiting.extract(name);
  for (Query& waits : waiting.mapped()) {
    const bool serves = version >= waits.floor || planted(Bug::kServeBelowFloor);
    if (response.is_final() && serves) {
      answer(waits, response, false);
    } else {
      query(std::move(waits));
    }
  }
}

void Front::answer(const Query& query, const Response& response, bool hit) {
  if (!acts()) return;
  if (!response.is_final()) {
    query.reply.answer({504, "{}"});
    return;
  }
  const std::string body = response.status == 200 ? response.body : "";
  store_.ledger.served(query.name, query.must_show, body, hit);
  query.reply.answer(response);
}

// --- the subscription ---

void Front::poll() {
  const toys::Poll poll = life_->cache.begin_poll(clock());
  const int64_t patience_ns = store_.plan.subscriptions.heartbeat_ns + store_.patience_ns();
  life_->polls.ask_leader({Method::kCatalogPoll, {}, to_json(poll)}, patience_ns,
                          [this](const Response& response) { hear(response); });
}

void Front::hear(const Response& response) {
  if (response.status == 200) {
    const auto push = toys::parse_push(response.body);
    if (!push) violated("a push is malformed");
    life_->cache.pushed(*push, clock());
    if (!push->invalidations.empty()) store_.passes(Step::kPushHeard, *this);
    poll();
  } else {
    later(store_.universe.between_ns(kMs, 20 * kMs), [this] { poll(); });
  }
}

}  // namespace tandem::sim
