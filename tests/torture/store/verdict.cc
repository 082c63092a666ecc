#include "store/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include "history/store.h"
#include "moment.h"
#include "store/state_files.h"
#include "toys/catalog.h"
#include "toys/orders.h"

namespace tandem::torture::store {
namespace {

using history::StoreOperation;
using history::StoreOutcome;

constexpr int64_t kSettleMs = 30'000;
constexpr int64_t kTurnMs = 20;
constexpr int64_t kCheckUs = 120'000'000;

void take(const std::vector<history::Violation>& found, Judgement& judgement) {
  for (const history::Violation& violation : found) {
    judgement.violations.push_back(std::string(history::name_of(violation.problem)) + ": " +
                                   violation.key + ": " + violation.text);
  }
}

bool settle(Cluster& cluster) {
  for (const int64_t end = now_us() + kSettleMs * 1000; !cluster.settled();) {
    if (now_us() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(kTurnMs));
  }
  return true;
}

// The state of one group on all its disks. The catalog may have restocked while it was stopped, so
// that a replica has more of the log than another one: they are compared at the lowest index, and
// `last` is left with all that there is on any of them.
template <typename Machine>
void compare_disks(const std::vector<std::string>& directories, Machine& last,
                   Judgement& judgement) {
  std::vector<uint64_t> indexes;
  size_t longest = 0;
  for (const std::string& directory : directories) {
    Machine machine;
    const auto state = read_disk(directory, machine);
    if (!state) {
      judgement.violations.push_back("unreadable: " + directory + ": " + state.error().message);
      return;
    }
    indexes.push_back(state->index);
    if (state->index > indexes[longest]) longest = indexes.size() - 1;
  }
  const uint64_t lowest = *std::min_element(indexes.begin(), indexes.end());
  std::vector<std::string> first;
  for (const std::string& directory : directories) {
    Machine machine;
    const auto state = read_disk(directory, machine, lowest);
    if (!state) {
      judgement.violations.push_back("unreadable: " + directory + ": " + state.error().message);
    } else if (first.empty()) {
      first = state->rows;
    } else if (first != state->rows) {
      const auto [a, b] =
          std::mismatch(first.begin(), first.end(), state->rows.begin(), state->rows.end());
      judgement.violations.push_back(fmt::format(
          "diverged: at index {} {} has {} where {} has {}", lowest, directory,
          b == state->rows.end() ? "no row" : *b, directories[0], a == first.end() ? "none" : *a));
    }
  }
  judgement.facts.push_back(fmt::format("{} rows on each of {} disks, at index {}", first.size(),
                                        directories.size(), lowest));
  (void)read_disk(directories[longest], last);
}

std::vector<history::FinalOrder> final_orders(const toys::Orders& orders) {
  std::vector<history::FinalOrder> all;
  for (uint64_t number = 0; number < orders.count(); ++number) {
    const toys::Order* order = orders.find(number);
    all.push_back({order->name, order->quantity});
  }
  return all;
}

std::vector<history::FinalToy> final_toys(const toys::Catalog& catalog) {
  std::vector<history::FinalToy> all;
  for (const toys::Toy& toy : catalog.toys()) {
    all.push_back({toy.name, toy.price_cents, toy.stock, toy.start, toy.restocked, toy.sold});
  }
  return all;
}

std::string figures(const history::StoreHistory& history) {
  size_t bought = 0;
  size_t out_of_stock = 0;
  size_t seen = 0;
  size_t changes = 0;
  for (const StoreOperation& o : history) {
    const bool buys = o.kind == history::StoreKind::kBuy;
    if (buys && o.outcome == StoreOutcome::kDone) ++bought;
    if (buys && o.outcome == StoreOutcome::kOutOfStock) ++out_of_stock;
    if (o.kind == history::StoreKind::kSee) ++seen;
    if (o.kind == history::StoreKind::kPrice || o.kind == history::StoreKind::kRestock) ++changes;
  }
  return fmt::format(
      "{} operations recorded: {} purchases, {} out of stock, {} products seen, {} changed by "
      "operators",
      history.size(), bought, out_of_stock, seen, changes);
}

}  // namespace

void compare_running(Cluster& cluster, Judgement& judgement) {
  if (!settle(cluster)) {
    judgement.violations.push_back("diverged: the replicas do not come to the same index");
    return;
  }
  const std::vector<Replica> replicas = cluster.orders();
  std::vector<std::string> bodies;
  for (int64_t number = 0; number < replicas.front().orders; ++number) {
    bodies.push_back(fmt::format(R"({{"number":{}}})", number));
  }
  std::vector<ReplicaAnswer> first;
  for (size_t i = 0; i < replicas.size(); ++i) {
    if (replicas[i].orders != replicas.front().orders) {
      judgement.violations.push_back(
          fmt::format("diverged: order replica {} has {} orders, 1 has {}", i + 1,
                      replicas[i].orders, replicas.front().orders));
    }
    std::vector<ReplicaAnswer> answers =
        cluster.order_calls().ask_all(i, wire::Method::kOrderGet, bodies);
    for (size_t number = 0; number < answers.size(); ++number) {
      const ReplicaAnswer& answer = answers[number];
      if (answer.status == 200 && (i == 0 || answer.body == first[number].body)) continue;
      judgement.violations.push_back(fmt::format("diverged: order replica {} answers {} {} for {}",
                                                 i + 1, answer.status, answer.body, number));
      break;
    }
    if (i == 0) first = std::move(answers);
  }
  judgement.facts.push_back(fmt::format("{} orders in the memory of each of {} replicas",
                                        bodies.size(), replicas.size()));
}

void check_disks(const Cluster& cluster, const Recorder& recorder, Judgement& judgement) {
  std::vector<std::string> directories;
  for (int id = 1; id <= kOrderReplicas; ++id) directories.push_back(cluster.order_directory(id));
  toys::Orders orders;
  compare_disks(directories, orders, judgement);
  directories.clear();
  for (int id = 1; id <= cluster.shape().catalogs; ++id)
    directories.push_back(cluster.catalog_directory(id));
  toys::Catalog catalog;
  compare_disks(directories, catalog, judgement);
  if (!orders.open().empty()) {
    judgement.violations.push_back(
        fmt::format("{} purchases are still open", orders.open().size()));
  }
  const std::vector<history::FinalOrder> all = final_orders(orders);
  take(history::check_orders(recorder.history(), all), judgement);
  take(history::check_stock(recorder.history(), first_toys(), final_toys(catalog), all,
                            cluster.shape().restock_to),
       judgement);
}

void check_answers(const Cluster& cluster, const Recorder& recorder, Judgement& judgement) {
  const history::StoreHistory& history = recorder.history();
  judgement.facts.push_back(figures(history));
  for (const std::string& wrong : recorder.wrong_answers())
    judgement.violations.push_back("wrong answer: " + wrong);
  const std::vector<history::FinalToy> start = first_toys();
  take(history::check_prices(history, start), judgement);
  history::ProductOptions options;
  options.restock_to = cluster.shape().restock_to;
  options.out_of_time = [end_us = now_us() + kCheckUs] { return now_us() > end_us; };
  const history::Products products = history::check_products(history, start, options);
  take(products.violations, judgement);
  for (const std::string& toy : products.unknown)
    judgement.undecided.push_back("the products shown of " + toy);
  judgement.facts.push_back(fmt::format("{} toys explained in {} steps, {} undecided",
                                        products.toys, products.steps, products.unknown.size()));
}

void check_logs(const std::string& directory, Judgement& judgement) {
  int segments = 0;
  int snapshots = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".log") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      if (line.find("no space for the next log segment") != std::string::npos) ++segments;
      if (line.find("cannot write a snapshot") != std::string::npos) ++snapshots;
      if (line.find("check failed") == std::string::npos &&
          line.find("Sanitizer") == std::string::npos &&
          line.find("runtime error:") == std::string::npos) {
        continue;
      }
      judgement.violations.push_back(entry.path().filename().string() + ": " + line);
    }
  }
  if (segments + snapshots > 0) {
    judgement.facts.push_back(fmt::format(
        "full disks: {} times no next log segment, {} snapshots not written", segments, snapshots));
  }
}

}  // namespace tandem::torture::store
