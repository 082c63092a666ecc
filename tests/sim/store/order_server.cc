#include "sim/store/order_server.h"

#include <algorithm>
#include <utility>

#include "toys/planted.h"
#include "toys/request.h"

namespace tandem::sim {

using toys::Bug;

OrderServer::OrderServer(Store& store, Node& node)
    : store_(store),
      node_(node),
      catalog_(store, Role::kCatalog, {Role::kOrders, node.id()}, node),
      purchases_(store.plan.purchases, orders_) {
  node_.later(0, [this] { tick(); });
}

void OrderServer::applied(const wire::Entry& entry, const repl::Applied& answer) {
  store_.ledger.orders_applied(entry, answer, orders_);
}

void OrderServer::takes_writes(bool now) {
  if (now) {
    toys::Purchases::Effects effects;
    purchases_.start(node_.core().lineage(), node_.clock(), effects);
    carry_out(effects);
    return;
  }
  purchases_.stop();
  for (const auto& [intent, waiting] : std::exchange(waiting_, {})) {
    for (const Return& reply : waiting) reply.answer({504, "{}"});
  }
}

void OrderServer::serve(const Call& call, Return reply) {
  if (call.method == wire::Method::kOrderGet) {
    get(call, reply);
  } else {
    place(call, reply);
  }
}

// --- purchases ---

void OrderServer::place(const Call& call, const Return& reply) {
  const auto purchase = toys::parse_purchase(call.body);
  if (!purchase) violated("a front passes a malformed purchase on");
  if (!node_.takes_writes() || orders_.open().size() >= store_.plan.max_open) {
    reply.answer({503, "{}"});
    return;
  }
  std::string key = call.key;
  if (planted(Bug::kIntentNotJoined)) key += '#' + std::to_string(node_.core().last_index());
  const auto done = [this, reply](const repl::Applied* answer, repl::Index) {
    if (answer != nullptr) {
      intent_applied(*answer, reply);
    } else {
      reply.answer({504, "{}"});
    }
  };
  const int64_t budget_ns = store_.patience_ns();
  if (!node_.write(key, toys::Orders::intent_command(*purchase), done, budget_ns)) {
    reply.answer({503, "{}"});
    return;
  }
  if (planted(Bug::kAskBeforeCommit)) {
    ask_catalog({node_.core().lineage(),
                 {node_.core().epoch(), node_.core().last_index()},
                 orders_.closed_below(),
                 purchase->name,
                 purchase->quantity});
  }
  store_.passes(Step::kIntentLogged, node_);
}

void OrderServer::intent_applied(const repl::Applied& answer, const Return& reply) {
  if (answer.status != toys::kAccepted) {
    reply.answer({answer.status, answer.body});
    return;
  }
  const auto intent = toys::Orders::intent_of(answer.body);
  if (!intent || !orders_.open().contains(*intent)) violated("a provisional answer stays for ever");
  store_.passes(Step::kIntentApplied, node_);
  waiting_[*intent].push_back(reply);
  toys::Purchases::Effects effects;
  purchases_.opened(*intent, node_.clock(), effects);
  carry_out(effects);
}

void OrderServer::carry_out(const toys::Purchases::Effects& effects) {
  for (const toys::Take& take : effects.takes) ask_catalog(take);
  for (const toys::Purchases::Result& result : effects.results) log_result(result);
}

void OrderServer::ask_catalog(const toys::Take& take) {
  catalog_.submit(
      {wire::Method::kCatalogTake, {}, to_json(take)}, store_.plan.patience_ns,
      [this, intent = take.intent](const Response& response) {
        store_.passes(Step::kTakeHeard, node_);
        if (response.status == toys::kTaken && planted(Bug::kAnswerProvisional)) {
          answer(intent, {200, "{\"order_number\":" + std::to_string(orders_.count()) + '}'});
        }
        toys::Purchases::Effects effects;
        purchases_.catalog_answered(intent, response.status, node_.clock(), effects);
        carry_out(effects);
      });
  store_.passes(Step::kTakeAsked, node_);
}

std::string OrderServer::command_of(const toys::Purchases::Result& result) {
  std::string command = toys::Orders::result_command(result.intent, result.status);
  if (planted(Bug::kNumberAtProposal)) {
    next_number_ = std::max(next_number_, orders_.count());
    const uint64_t number = result.status == toys::kTaken ? next_number_++ : 0;
    command.insert(command.size() - 2, ",\"number\":" + std::to_string(number));
  }
  return command;
}

void OrderServer::log_result(const toys::Purchases::Result& result) {
  const auto done = [this, intent = result.intent](const repl::Applied* answer, repl::Index) {
    if (answer != nullptr) {
      result_applied(intent, *answer);
    } else {
      purchases_.result_failed(intent, node_.clock());
    }
  };
  if (!node_.write({}, command_of(result), done, store_.patience_ns())) {
    purchases_.result_failed(result.intent, node_.clock());
    return;
  }
  store_.passes(Step::kResultLogged, node_);
}

void OrderServer::result_applied(const toys::IntentId& intent, const repl::Applied& applied) {
  store_.passes(Step::kResultApplied, node_);
  toys::Purchases::Effects effects;
  purchases_.closed(intent, node_.clock(), effects);
  // An earlier result of this intent, given up as lost, came first: its answer is with the key.
  const bool settled = !applied.settles.empty();
  answer(intent, settled ? Response{applied.status, applied.body} : Response{504, "{}"});
  carry_out(effects);
}

void OrderServer::answer(const toys::IntentId& intent, const Response& response) {
  auto waiting = waiting_.extract(intent);
  if (!waiting) return;
  for (const Return& reply : waiting.mapped()) reply.answer(response);
}

void OrderServer::tick() {
  const int64_t now = node_.clock();
  toys::Purchases::Effects effects;
  // Who placed an intent may have had its answer, 504, before the intent was applied: it is carried
  // on all the same.
  const bool missed = purchases_.started() && orders_.open().size() != purchases_.open();
  if (missed && !planted(Bug::kForgetIntents)) {
    for (const auto& [id, intent] : orders_.open()) purchases_.opened(id, now, effects);
  }
  purchases_.tick(now, effects);
  carry_out(effects);
  node_.later(5 * kMs, [this] { tick(); });
}

// --- orders ---

void OrderServer::get(const Call& call, const Return& reply) {
  const auto number = toys::parse_order_number(call.body);
  if (!number) violated("a front asks for a malformed number");
  node_.read({history::Level::kLinearizable, call.committed, [this, number = *number, reply] {
                const toys::Order* order = orders_.find(number);
                if (order == nullptr) {
                  reply.answer({404, {}});
                } else {
                  reply.answer({200, to_json(number, *order)});
                }
              }});
}

}  // namespace tandem::sim
