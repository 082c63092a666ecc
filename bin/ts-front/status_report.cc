#include "status_report.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/host_name.h"
#include "group/replica_info.h"
#include "group/status_json.h"
#include "product.h"
#include "toys/price.h"
#include "wire/envelope.h"

namespace tandem::front {
namespace {

using wire::Json;

constexpr size_t kShownProducts = 100;
constexpr int64_t kMostListed = 1000;  // products: more are not asked for every second

Json group_json(const group::Group& group, Json::Array rows) {
  Json json;
  group::add_group(json, group);
  json.set("replicas", Json(std::move(rows)));
  return json;
}

Json cache_json(const Reported& reported) {
  const toys::CacheFigures& figures = reported.cache.figures();
  Json json;
  json.set("enabled", reported.config.cache_enabled);
  json.set("products", static_cast<int64_t>(reported.cache.size()));
  json.set("capacity", static_cast<int64_t>(reported.config.cache_size));
  json.set("leased", reported.cache.leased(reported.clock.boot_ns()));
  json.set("hits", figures.hits).set("misses", figures.misses);
  json.set("evictions", figures.evicted).set("invalidations", figures.invalidated);
  json.set("emptied", figures.emptied);
  return json;
}

Json purchases_json(const PurchaseFigures& figures) {
  Json json;
  json.set("bought", figures.bought).set("not_found", figures.not_found);
  json.set("out_of_stock", figures.out_of_stock).set("refused", figures.refused);
  json.set("unavailable", figures.unavailable).set("unknown", figures.unknown);
  return json;
}

// What the row of the leader, or where that is silent the highest of all, tells under that name.
std::optional<int64_t> told_by_one(const Json::Array& rows, std::string_view name) {
  std::optional<int64_t> highest;
  for (const Json& row : rows) {
    const Json* value = row.find(name);
    const Json* role = row.find("role");
    if (value == nullptr || value->as_int() == nullptr) continue;
    const std::string* word = role == nullptr ? nullptr : role->as_string();
    if (word != nullptr && *word == "leader") return *value->as_int();
    highest = std::max(highest, std::optional(*value->as_int()));
  }
  return highest;
}

// One report under way. Shared by the completions of the calls; the last of them to go answers.
class Report {
 public:
  Report(const Reported& reported, UniqueFunction<void(Json)> done)
      : reported_(reported),
        orders_(reported.store.orders().leadership(), {}, {"orders", "open", "digest", "mirror"}),
        catalog_(reported.store.catalog().leadership(), {}, {"toys", "mirror"}),
        done_(std::move(done)) {}
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;
  ~Report() { done_(json()); }

  static void ask(const std::shared_ptr<Report>& report) {
    Store& store = report->reported_.store;
    group::ask_replicas(
        store.orders().replicas(),
        [report](const group::ReplicaLink& replica, const Json* told) {
          report->orders_.add(replica, told);
        },
        [] {});
    group::ask_replicas(
        store.catalog().replicas(),
        [report](const group::ReplicaLink& replica, const Json* told) {
          report->catalog_.add(replica, told);
          report->take_toys(told);
        },
        [report] { ask_stock(report); });
  }

 private:
  void take_toys(const Json* told) {
    const Json* toys = told == nullptr ? nullptr : told->find("toys");
    if (toys != nullptr && toys->as_int() != nullptr) toys_ = *toys->as_int();
  }

  static void ask_stock(const std::shared_ptr<Report>& report) {
    if (report->toys_ > kMostListed || !report->reported_.store.catalog().readiness()) return;
    wire::Request list;
    list.method = wire::Method::kCatalogList;
    report->reported_.store.to_catalog().submit(list, [report](const wire::Response& response) {
      if (response.status != 200) return;
      auto listed = parse_products(response.body);
      if (!listed) return;
      std::sort(listed->begin(), listed->end(),
                [](const Product& a, const Product& b) { return a.name < b.name; });
      for (const Product& product : *listed) {
        Json row;
        row.set("name", product.name).set("price", toys::format_price(product.price_cents));
        row.set("quantity", product.quantity);
        report->stock_.push_back(std::move(row));
      }
    });
  }

  Json json() {
    const Store& store = reported_.store;
    for (const int64_t id : reported_.config.orders.replicas) orders_.add_absent(id);
    for (const int64_t id : reported_.config.catalog.replicas) catalog_.add_absent(id);
    Json::Array orders = orders_.take("id");
    Json::Array catalog = catalog_.take("id");
    const bool mirrored = !orders.empty() && orders.front().find("mirror") != nullptr;
    const auto products = static_cast<int64_t>(stock_.size());
    if (stock_.size() > kShownProducts) stock_.resize(kShownProducts);
    const auto shown = static_cast<int64_t>(stock_.size());
    Json backends;
    backends.set("tables", mirrored ? "postgres" : "file");
    backends.set("coordination", reported_.config.coord.backend);
    Json json;
    json.set("service", "ts-front");
    json.set("pid", static_cast<int64_t>(getpid()));
    json.set("host", host_name("localhost"));
    json.set("time_ms", reported_.clock.wall_ms());
    json.set("active", store.active());
    group::add_readiness(json, store.readiness());
    json.set("warning", warning_of(reported_));
    json.set("backends", std::move(backends));
    json.set("same_orders", same_orders(orders));
    json.set("open_intents", nullptr);
    if (const auto open = told_by_one(orders, "open")) json.set("open_intents", *open);
    Json::Array groups;
    groups.push_back(group_json(reported_.store.orders(), std::move(orders)));
    groups.push_back(group_json(reported_.store.catalog(), std::move(catalog)));
    json.set("groups", Json(std::move(groups)));
    json.set("calls", reported_.calls.calls().json());
    json.set("cache", cache_json(reported_));
    json.set("purchases", purchases_json(reported_.handlers.purchases()));
    json.set("stock", Json(std::move(stock_)));
    json.set("stock_more", std::max<int64_t>(0, std::max(toys_, products) - shown));
    return json;
  }

  const Reported reported_;
  group::ReplicaRows orders_;
  group::ReplicaRows catalog_;
  int64_t toys_ = 0;
  Json::Array stock_;
  UniqueFunction<void(Json)> done_;
};

}  // namespace

std::string warning_of(const Reported& reported) {
  for (std::string wrong : {reported.coord.trouble(), reported.store.orders().warning(),
                            reported.store.catalog().warning()}) {
    if (!wrong.empty()) return wrong;
  }
  return {};
}

Json same_orders(const Json::Array& rows) {
  std::map<int64_t, Json> digests;  // by the number of orders
  bool compared = false;
  for (const Json& row : rows) {
    const Json* orders = row.find("orders");
    const Json* digest = row.find("digest");
    if (orders == nullptr || orders->as_int() == nullptr || digest == nullptr) continue;
    const auto [first, is_first] = digests.emplace(*orders->as_int(), *digest);
    if (!is_first && first->second != *digest) return false;
    compared = compared || !is_first;
  }
  Json same;
  if (compared) same = true;
  return same;
}

void report_status(const Reported& reported, UniqueFunction<void(Json)> done) {
  Report::ask(std::make_shared<Report>(reported, std::move(done)));
}

}  // namespace tandem::front
