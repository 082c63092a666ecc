#include "sim/store/front.h"

#include <utility>

#include "sim/checks.h"
#include "toys/request.h"
#include "wire/json.h"

namespace tandem::sim {

using wire::Method;

namespace {

uint64_t version_of(const wire::Response& response) {
  if (response.status != 200) return 0;
  return static_cast<uint64_t>(*wire::parse_json(response.body)->find("version")->as_int());
}

wire::Request request_of(const Call& call, const std::string& request_id) {
  wire::Request request;
  request.method = call.method;
  request.request_id = request_id;
  request.key = call.key;
  request.body = call.body;
  return request;
}

Response response_of(const wire::Response& response) {
  return {response.status, std::string(response.body)};
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

// Who asked for a product.
class Front::Client final : public store::Asker {
 public:
  Client(Front& front, const std::string& name, const Return& reply)
      : must_show_(front.store_.ledger.floor(name)), front_(front), name_(name), reply_(reply) {}

  bool waiting() const override { return true; }
  void answer(const store::Shown& shown) override { front_.served(*this, shown, false); }
  void answer_cached(const std::string& text) override {
    front_.served(*this, {200, text, true}, true);
  }
  std::unique_ptr<store::Asker> keep() override { return std::make_unique<Client>(*this); }

  const std::string& name() const { return name_; }
  uint64_t must_show() const { return must_show_; }
  const Return& reply() const { return reply_; }

 private:
  const uint64_t must_show_;  // for the check: what was answered when it came
  Front& front_;
  const std::string name_;
  const Return reply_;
};

Front::ToGroup::ToGroup(Front& front, Role group)
    : front_(front),
      way_(front.store_, group, {Role::kFront, front.id_}, front, front,
           front.store_.plan.budget_ns) {}

void Front::ToGroup::submit(const wire::Request& request, Done done) {
  if (request.method != Method::kCatalogGet) {
    way_.gateway().submit(request, std::move(done));
    return;
  }
  way_.gateway().submit(request, [this, done = std::move(done)](const wire::Response& r) mutable {
    front_.store_.passes(Step::kFillHeard, front_);
    done(r);
  });
}

Front::Life::Life(Front& front)
    : timers(front.store_.universe, front),
      cache(front.store_.plan.cache, front.store_.universe.new_id()),
      orders(front, Role::kOrders),
      catalog(front, Role::kCatalog),
      queries(static_cast<uint32_t>(front.store_.plan.budget_ns / kMs), {front, timers}, cache,
              catalog, front),
      order_changes(front, orders, [&front] { return front.store_.universe.new_id(); }),
      catalog_changes(front, catalog, [&front] { return front.store_.universe.new_id(); }),
      leader(front),
      subscription(front.subscription_options(), {front, timers}, front, cache, leader) {}

store::Subscription::Options Front::subscription_options() const {
  store::Subscription::Options options;
  options.enabled = store_.plan.cache.enabled;
  const int64_t patience_ns = store_.plan.subscriptions.heartbeat_ns + store_.patience_ns();
  options.poll_timeout_ms = static_cast<uint64_t>(patience_ns / kMs) + 1;
  return options;
}

Front::Front(Store& store, uint32_t id)
    : Process(store.universe, store.plan.wires.clock_ppm), store_(store), id_(id) {
  store_.wires.attach({Role::kFront, id}, *this, [this]() -> Server& { return *this; });
}

void Front::start() {
  if (up()) return;
  begin_life();
  life_ = std::make_unique<Life>(*this);
  store_.universe.trace.note("front", "start id:", {id_});
  life_->subscription.start();
  life_->orders.way().start({});
  life_->catalog.way().start([this] { life_->subscription.leader_changed(); });
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

// --- requests ---

void Front::serve(const Call& call, Return reply) {
  const std::string request_id = "f" + std::to_string(id_) + '-' + std::to_string(++requests_);
  if (call.method == Method::kCatalogGet) {
    query(call, reply, request_id);
  } else if (wire::is_read(call.method)) {
    look_up(call, reply, request_id);
  } else {
    change(call, reply, request_id);
  }
}

void Front::query(const Call& call, const Return& reply, const std::string& request_id) {
  const std::string name = *toys::parse_toy_name(call.body);
  Client client(*this, name, reply);
  store::ProductQueries::Query query;
  query.name = name;
  query.request_id = request_id;
  query.received_ns = clock();  // now that the request is here
  life_->queries.ask(query, client);
}

void Front::look_up(const Call& call, const Return& reply, const std::string& request_id) {
  life_->orders.submit(request_of(call, request_id), [reply](const wire::Response& response) {
    reply.answer(response_of(response));
  });
}

void Front::change(const Call& call, const Return& reply, const std::string& request_id) {
  const bool of_orders = call.method == Method::kOrderPlace;
  if (of_orders && !call.key.empty()) store_.ledger.purchase_asked(call.key);
  store::Changes& changes = of_orders ? life_->order_changes : life_->catalog_changes;
  changes.submit(request_of(call, request_id),
                 [this, of_orders, reply](const wire::Response& response, const std::string& key) {
                   store_.passes(Step::kFrontHears, *this);
                   const bool refused = response.status == 503 || response.status == 507;
                   if (of_orders && refused && acts()) store_.ledger.nothing_done(key);
                   reply.answer(response_of(response));
                 });
  store_.passes(Step::kFrontAsks, *this);
}

// --- products ---

store::Shown Front::product(std::string_view, const wire::Response& response) const {
  const bool tells = response.status == 200 || response.status == 404;
  return {response.status, std::string(response.body), tells, version_of(response)};
}

store::Shown Front::no_such_product() const { violated("a toy is asked for that has no name"); }

void Front::served(const Client& client, const store::Shown& shown, bool hit) {
  if (!acts()) return;
  const std::string text = shown.status == 200 ? shown.text : "";
  if (shown.tells) store_.ledger.served(client.name(), client.must_show(), text, hit);
  client.reply().answer({static_cast<uint16_t>(shown.status), shown.text});
}

// --- the subscription ---

uint64_t Front::CatalogLink::session() const {
  return front_.life_ == nullptr ? 0 : front_.life_->catalog.way().leader_session();
}

void Front::CatalogLink::call(std::string_view payload, uint64_t timeout_ms, Completion done) {
  GroupWay& way = front_.life_->catalog.way();
  way.ask(way.leader(), payload, static_cast<int64_t>(timeout_ms) * kMs,
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

void Front::tell(log::Level, std::string_view text, std::initializer_list<log::Field>) {
  store_.universe.trace.say(text);
}

}  // namespace tandem::sim
