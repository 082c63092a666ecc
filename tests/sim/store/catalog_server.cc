#include "sim/store/catalog_server.h"

#include <utility>

#include "toys/planted.h"
#include "toys/request.h"

namespace tandem::sim {

using wire::Method;

CatalogServer::CatalogServer(Store& store, Node& node)
    : store_(store),
      node_(node),
      subscriptions_(store.plan.subscriptions, store.universe.new_id()) {
  catalog_.on_change([this](const toys::Toy& toy) {
    changed_.push_back(toy);
    subscriptions_.changed(toy.name, toy.version);
  });
  node_.later(0, [this] { tick(); });
  node_.later(store_.plan.restock_every_ns, [this] { restock(); });
}

void CatalogServer::applied(const wire::Entry& entry, const repl::Applied& answer) {
  store_.ledger.catalog_applied(entry, answer, std::exchange(changed_, {}), catalog_);
}

void CatalogServer::takes_writes(bool now) {
  if (now) {
    subscriptions_.start(node_.core().leading_since_ns());
    return;
  }
  subscriptions_.stop();
  for (const Held& held : std::exchange(held_, {})) held.reply.answer({504, "{}"});
  for (const auto& [front, reply] : std::exchange(polls_, {})) reply.answer({503, "{}"});
}

void CatalogServer::serve(const Call& call, Return reply) {
  if (call.method == Method::kCatalogGet) {
    get(call, reply);
  } else if (call.method == Method::kCatalogPoll) {
    poll(call, reply);
  } else {
    change(call, reply);
  }
}

// --- products ---

void CatalogServer::get(const Call& call, const Return& reply) {
  const auto name = toys::parse_toy_name(call.body);
  if (!name) violated("a front asks for a malformed name");
  node_.read({history::Level::kLinearizable, call.committed, [this, name = *name, reply] {
                const toys::Toy* toy = catalog_.find(name);
                if (toy != nullptr) {
                  reply.answer({200, to_json(*toy)});
                } else {
                  reply.answer({static_cast<uint16_t>(catalog_.initialised() ? 404 : 503), {}});
                }
              }});
}

// --- changes ---

Result<std::string> CatalogServer::command_of(const Call& call) const {
  if (call.method == Method::kCatalogTake) {
    const auto take = toys::parse_take(call.body);
    if (!take) return fail(take.error());
    return toys::Catalog::take_command(*take);
  }
  if (call.method == Method::kCatalogRestock) {
    const auto restock = toys::parse_purchase(call.body);
    if (!restock) return fail(restock.error());
    return toys::Catalog::restock_command(*restock);
  }
  if (call.method == Method::kCatalogPrice) {
    const auto price = toys::parse_new_price(call.body);
    if (!price) return fail(price.error());
    return toys::Catalog::price_command(*price);
  }
  const auto toy = toys::parse_new_toy(call.body);
  if (!toy) return fail(toy.error());
  return toys::Catalog::add_command(*toy);
}

void CatalogServer::change(const Call& call, const Return& reply) {
  if (!subscriptions_.started() || !catalog_.initialised()) {
    reply.answer({503, "{}"});
    return;
  }
  auto command = command_of(call);
  if (!command) violated("a change is malformed");
  const auto done = [this, reply](const repl::Applied* answer, repl::Index index) {
    if (answer == nullptr) {
      reply.answer({504, "{}"});
      return;
    }
    store_.passes(Step::kChangeApplied, node_);
    if (planted(toys::Bug::kRepetitionAnswers) && store_.ledger.repeats(index)) {
      store_.ledger.change_answered(index);
      reply.answer({answer->status, answer->body});
      return;
    }
    // A repetition waits too: what it repeats may not be known everywhere yet.
    held_.push_back({subscriptions_.latest(), index, {answer->status, answer->body}, reply});
    push_out();
  };
  if (!node_.write(call.key, std::move(*command), done, store_.patience_ns())) {
    reply.answer({503, "{}"});
    return;
  }
  store_.passes(Step::kChangeLogged, node_);
}

bool CatalogServer::write(std::string command) {
  return node_.write({}, std::move(command), [this](const repl::Applied*, repl::Index) {
    logging_first_toys_ = false;
    push_out();
  });
}

void CatalogServer::tick() {
  if (subscriptions_.started() && !catalog_.initialised() && !logging_first_toys_) {
    std::vector<toys::NewToy> first;
    for (uint32_t i = 0; i < store_.plan.toys; ++i) {
      first.push_back(
          {"toy" + std::to_string(i), 100 + i, i % 3 == 2 ? 0 : store_.plan.most_stock});
    }
    logging_first_toys_ = write(toys::Catalog::init_command(first));
  }
  push_out();
  node_.later(5 * kMs, [this] { tick(); });
}

void CatalogServer::restock() {
  if (subscriptions_.started() && catalog_.any_empty()) {
    write(toys::Catalog::restock_empty_command(store_.plan.restock_to));
  }
  node_.later(store_.plan.restock_every_ns, [this] { restock(); });
}

// --- the caches of the fronts ---

void CatalogServer::poll(const Call& call, const Return& reply) {
  // Not earlier: what is granted is counted from here.
  const int64_t received = node_.clock();
  if (!subscriptions_.started() || node_.core().leader_lease_until(received) <= received) {
    reply.answer({503, "{}"});
    return;
  }
  const auto poll = toys::parse_poll(call.body);
  if (!poll) violated("a poll is malformed");
  if (!subscriptions_.poll(*poll, received)) {
    reply.answer({503, "{}"});
    return;
  }
  const auto [waiting, fresh] = polls_.try_emplace(poll->front, reply);
  if (!fresh) std::exchange(waiting->second, reply).answer({503, "{}"});
  push_out();
}

void CatalogServer::push_out() {
  const int64_t now = node_.clock();
  for (const uint64_t front : subscriptions_.due(now)) {
    const toys::Push push = subscriptions_.answer(front, now, node_.core().leader_lease_until(now));
    polls_.extract(front).mapped().answer({200, to_json(push)});
    if (!push.invalidations.empty()) store_.passes(Step::kChangeTold, node_);
  }
  release();
}

void CatalogServer::release() {
  const int64_t now = node_.clock();
  while (!held_.empty() && node_.acts() &&
         subscriptions_.acknowledged(held_.front().barrier, now)) {
    const Held held = std::move(held_.front());
    held_.pop_front();
    store_.ledger.change_answered(held.index);
    held.reply.answer(held.response);
    store_.passes(Step::kChangeAnswered, node_);
  }
}

}  // namespace tandem::sim
