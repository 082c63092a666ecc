#include "sim/store/front.h"

#include <utility>

#include "base/check.h"
#include "base/ids.h"
#include "sim/checks.h"
#include "sim/store/process_timer.h"
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

Front::Life::Life(Store& store, const Address& self, Front& front)
    : cache(store.plan.cache, store.universe.new_id()),
      orders(store, Role::kOrders, self, front),
      catalog(store, Role::kCatalog, self, front),
      polls(store, Role::kCatalog, self, front),
      link(front) {}

std::unique_ptr<store::Subscription> Front::subscribe() {
  store::Subscription::Options options;
  options.enabled = store_.plan.cache.enabled;
  const int64_t patience_ns = store_.plan.subscriptions.heartbeat_ns + store_.patience_ns();
  options.poll_timeout_ms = static_cast<uint64_t>(patience_ns / kMs) + 1;
  const Clock& clock = *this;
  Timers& timers = *this;
  store::Operator& people = *this;
  return std::make_unique<store::Subscription>(options, Time{clock, timers}, people, life_->cache,
                                               life_->link);
}

Front::Front(Store& store, uint32_t id)
    : Process(store.universe, store.plan.wires.clock_ppm), store_(store), id_(id) {
  store_.wires.attach({Role::kFront, id}, *this, [this]() -> Server& { return *this; });
}

void Front::start() {
  if (up()) return;
  begin_life();
  life_ = std::make_unique<Life>(store_, Address{Role::kFront, id_}, *this);
  store_.universe.trace.note("front", "start id:", {id_});
  life_->subscription = subscribe();
  life_->subscription->start();
  look_for_leader();
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

std::unique_ptr<Timer> Front::make(UniqueFunction<void()> callback) {
  return std::make_unique<ProcessTimer>(store_.universe, *this, std::move(callback));
}

void Front::CatalogLink::call(std::string_view payload, uint64_t timeout_ms, Completion done) {
  wire::Request request;
  CHECK(wire::decode(payload, request));
  front_.life_->polls.ask_leader(
      {request.method, {}, std::string(request.body)}, static_cast<int64_t>(timeout_ms) * kMs,
      [&front = front_, done = std::move(done)](const Response& response) mutable {
        front.hear(response, done);
      });
}

void Front::hear(const Response& response, CatalogLink::Completion& done) {
  if (response.status == 0) return done(fail(ErrorKind::kTimeout, "no answer"));
  const bool tells = response.status == 200 &&
                     !wire::parse_json(response.body)->find("invalidations")->as_array()->empty();
  if (tells) store_.passes(Step::kPushHeard, *this);
  std::string payload;
  wire::encode(wire::Response{response.status, 0, response.body}, payload);
  done(std::string_view(payload));
}

void Front::look_for_leader() {
  life_->subscription->leader_changed();
  later(store_.universe.between_ns(8 * kMs, 12 * kMs), [this] { look_for_leader(); });
}

void Front::tell(log::Level, std::string_view text, std::initializer_list<log::Field>) {
  store_.universe.trace.say(text);
}

}  // namespace tandem::sim
