#include "sim/store/catalog_server.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "store/catalog_service.h"
#include "wire/json.h"

namespace tandem::sim {
namespace {

std::vector<toys::NewToy> first_toys(const StorePlan& plan) {
  std::vector<toys::NewToy> first;
  for (uint32_t i = 0; i < plan.toys; ++i) {
    first.push_back({"toy" + std::to_string(i), 100 + i, i % 3 == 2 ? 0 : plan.most_stock});
  }
  return first;
}

bool is_change(wire::Method method) {
  return !wire::is_read(method) && method != wire::Method::kCatalogPoll;
}

}  // namespace

std::unique_ptr<store::Service> CatalogServer::make_service(repl::Driver& driver) {
  const StorePlan& plan = store_.plan;
  store::CatalogOptions options;
  options.first_toys = [&plan] { return first_toys(plan); };
  options.restock_every_ms = static_cast<uint64_t>(plan.restock_every_ns / kMs);
  options.restock_to = plan.restock_to;
  options.own_budget_ms = static_cast<uint32_t>(plan.patience_ns / kMs);
  options.subscriptions = plan.subscriptions;
  options.first_subscription = store_.universe.new_id();
  store::Operator& people = *this;
  return std::make_unique<store::CatalogService>(std::move(options), time(), people, catalog_,
                                                 driver);
}

void CatalogServer::applied(const wire::Entry& entry, const repl::Applied& answer) {
  std::vector<toys::Toy> changed;
  std::copy_if(catalog_.toys().begin(), catalog_.toys().end(), std::back_inserter(changed),
               [&entry](const toys::Toy& toy) { return toy.version == entry.index; });
  store_.ledger.catalog_applied(entry, answer, std::move(changed), catalog_);
  if (node_.leading()) store_.passes(Step::kChangeApplied, node_);
}

void CatalogServer::leaves(const Call& call, const Response& response, repl::Index index) {
  if (!is_change(call.method) || index == 0) return;
  const bool is_take = call.method == wire::Method::kCatalogTake;
  node_.answers_key(index, is_take ? std::string() : call.key);
  if (response.is_final()) store_.ledger.change_answered(index);
}

void CatalogServer::has_left(const Call& call, const Response& response) {
  if (response.status == 200 && call.method == wire::Method::kCatalogPoll) {
    const bool tells = !wire::parse_json(response.body)->find("invalidations")->as_array()->empty();
    if (tells) store_.passes(Step::kChangeTold, node_);
  } else if (is_change(call.method) && response.is_final()) {
    store_.passes(Step::kChangeAnswered, node_);
  }
}

void CatalogServer::tell(log::Level, std::string_view text,
                         std::initializer_list<log::Field> fields) {
  store_.universe.trace.say(text);
  for (const log::Field& field : fields) store_.universe.trace.say(field.value);
}

}  // namespace tandem::sim
