#include "store/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "moment.h"
#include "preload.h"
#include "wire/json.h"

namespace tandem::torture::store {
namespace {

constexpr long kAskTimeoutMs = 1000;
constexpr int64_t kStartMs = 30'000;
constexpr int64_t kTurnMs = 20;
constexpr size_t kMostTold = 1000;  // bytes of an answer
constexpr int64_t kNeverSoldOut = 10'000'000;

int64_t integer(const wire::Json& json, const char* name) {
  const wire::Json* value = json.find(name);
  return value == nullptr || value->as_int() == nullptr ? -1 : *value->as_int();
}

bool is_true(const wire::Json& json, const char* name) {
  const wire::Json* value = json.find(name);
  return value != nullptr && *value == wire::Json(true);
}

bool all_well(const std::vector<Replica>& replicas) {
  return std::all_of(replicas.begin(), replicas.end(),
                     [](const Replica& r) { return r.answers && r.in_sync; }) &&
         std::any_of(replicas.begin(), replicas.end(),
                     [](const Replica& r) { return r.takes_writes; });
}

bool all_same(const std::vector<Replica>& replicas) {
  return std::all_of(replicas.begin(), replicas.end(), [&](const Replica& r) {
    return r.applied_index >= 0 && r.applied_index == replicas.front().applied_index &&
           r.applied_index == r.last_index && r.open <= 0;
  });
}

}  // namespace

std::vector<history::FinalToy> first_toys() {
  std::vector<history::FinalToy> toys;
  const auto add = [&](const char* name, int64_t quantity) {
    toys.push_back({name, 1000, quantity, quantity, 0, 0});
  };
  for (const char* name : {"Tux", "Whale", "Elephant", "Bird", "Lego"}) add(name, 20);
  for (const char* name : {"Frisbee", "Barbie", "Monopoly"}) add(name, kNeverSoldOut);
  for (const char* name : {"Marbles", "Chess"}) add(name, 3);
  return toys;
}

Cluster::Cluster(const Settings& settings, Shape shape, Processes& processes, Network& network)
    : settings_(settings),
      shape_(shape),
      processes_(processes),
      network_(network),
      disks_(settings, processes, "state"),
      clocks_(clocks_directory(settings)),
      http_(kAskTimeoutMs),
      programs_(processes) {}

Status Cluster::start() {
  if (settings_.links) {
    if (const Status made = network_.make(); !made) return made;
  }
  if (const Status made = make_disks(); !made) return made;
  write_files();
  std::vector<std::string> urls[2];
  for (int id = 1; id <= kOrderReplicas; ++id) {
    const std::string name = order_name(id);
    orders_.push_back(&add_replica("ts-order", name, id, order_node(id)));
    urls[0].push_back(rpc_url(order_node(id), name));
  }
  for (int id = 1; id <= shape_.catalogs; ++id) {
    const std::string name = catalog_name(id);
    catalogs_.push_back(&add_replica("ts-catalog", name, id, catalog_node(id)));
    urls[1].push_back(rpc_url(catalog_node(id), name));
  }
  for (int number = 1; number <= kFronts; ++number) add_front(number);
  order_calls_.emplace(urls[0]);
  catalog_calls_.emplace(urls[1]);
  for (Program& program : programs_.all()) {
    if (const Status launched = programs_.launch(program); !launched) return launched;
  }
  for (const int64_t end = now_us() + kStartMs * 1000; !whole();) {
    if (now_us() > end) return fail(ErrorKind::kTimeout, "the store does not get ready");
    const std::string wrong = programs_.restart_killed();
    if (!wrong.empty()) return fail(ErrorKind::kUnavailable, wrong);
    std::this_thread::sleep_for(std::chrono::milliseconds(kTurnMs));
  }
  return {};
}

Status Cluster::make_disks() {
  std::vector<std::string> all;
  std::vector<std::string> small;
  const auto add = [&](const std::string& name, int id) {
    all.push_back(name);
    if (has_small_disk(id)) small.push_back(name);
  };
  for (int id = 1; id <= kOrderReplicas; ++id) add(order_name(id), id);
  for (int id = 1; id <= shape_.catalogs; ++id) add(catalog_name(id), id);
  Status made = clocks_.make();
  if (made) made = disks_.make(all);
  for (const std::string& name : small) {
    if (made) made = disks_.make_small(name);
  }
  return made;
}

void Cluster::write_files() {
  std::filesystem::create_directory(settings_.directory + "/sock");
  std::string csv = "name,price,quantity\n";
  for (const history::FinalToy& toy : first_toys()) {
    csv += fmt::format("{},{}.{:02},{}\n", toy.name, toy.price / 100, toy.price % 100, toy.start);
  }
  write_text(settings_.directory + "/toys.csv", csv);
}

std::vector<std::string> Cluster::command(const std::string& program, int node,
                                          const std::vector<std::string>& words) const {
  std::vector<std::string> argv;
  // It executes the program: the pid is that of the program.
  if (settings_.links) argv = {"nsenter", "--net=net/" + std::to_string(node)};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.push_back(settings_.bin + "/" + program);
  return argv;
}

std::string Cluster::rpc_url(int node, const std::string& name) const {
  return settings_.links ? fmt::format("tcp://{}:7000", Network::address(std::to_string(node)))
                         : fmt::format("ipc://{}/sock/{}", settings_.directory, name);
}

// Small logs, so that replicas that were away meet snapshots.
Program& Cluster::add_replica(const std::string& program, const std::string& name, int id,
                              int node) {
  std::vector<std::string> argv = command(program, node, disks_.enter(name));
  argv.insert(argv.end(), {"--id", std::to_string(id)});
  set_option(argv, "replica.directory", "state/" + name);
  set_option(argv, "rpc.url", rpc_url(node, name));
  set_option(argv, "coord.root", "coord");
  set_option(argv, "log.segment", "9MiB");
  set_option(argv, "snapshot.log_size", "32KiB");
  if (program == "ts-catalog") {
    set_option(argv, "catalog.file", "toys.csv");
    set_option(argv, "catalog.restock_every", fmt::format("{}ms", shape_.restock_every_ms));
    set_option(argv, "catalog.restock_to", std::to_string(shape_.restock_to));
  }
  return programs_.add(name, std::move(argv));
}

void Cluster::add_front(int number) {
  const int node = front_node(number);
  const std::string host = settings_.links ? Network::address(std::to_string(node)) : "127.0.0.1";
  const int port = settings_.links ? 8001 : free_port();
  std::vector<std::string> argv = command("ts-front", node, preload(settings_));
  argv.insert(argv.end(), {"--host", host, "--port", std::to_string(port)});
  set_option(argv, "coord.root", "coord");
  set_option(argv, "cache.size", std::to_string(shape_.cache));
  set_option(argv, "catalog.replicas", shape_.catalogs == 1 ? "1" : "1,2,3");
  set_option(argv, "catalog.min_in_sync", shape_.catalogs == 1 ? "1" : "2");
  fronts_.push_back(&programs_.add(fmt::format("front-{}", number), std::move(argv)));
  front_urls_.push_back(fmt::format("http://{}:{}", host, port));
}

std::vector<Replica> Cluster::ask(ReplicaCalls& calls) {
  std::vector<Replica> replicas;
  wire::Request request;
  request.method = wire::Method::kWorkerInfo;
  for (const ReplicaAnswer& answer : calls.ask_each(request)) {
    Replica replica;
    replica.id = static_cast<int>(replicas.size()) + 1;
    const auto json = wire::parse_json(answer.body);
    if (answer.status == 200 && json) {
      replica.answers = true;
      replica.takes_writes = is_true(*json, "takes_writes");
      replica.in_sync = is_true(*json, "in_sync");
      replica.last_index = integer(*json, "last_index");
      replica.applied_index = integer(*json, "applied_index");
      replica.orders = integer(*json, "orders");
      replica.open = integer(*json, "open");
      const wire::Json* storage_id = json->find("storage_id");
      if (storage_id != nullptr && storage_id->as_string() != nullptr)
        replica.storage_id = *storage_id->as_string();
    }
    replicas.push_back(replica);
  }
  return replicas;
}

std::vector<Replica> Cluster::orders() { return ask(*order_calls_); }
std::vector<Replica> Cluster::catalogs() { return ask(*catalog_calls_); }

bool Cluster::fronts_ready() {
  return std::all_of(front_urls_.begin(), front_urls_.end(), [&](const std::string& url) {
    return http_.call("GET", url + "/readyz").status == 200;
  });
}

std::string Cluster::trouble() {
  std::string text;
  for (const std::string& url : front_urls_)
    text += http_.call("GET", url + "/readyz").body.substr(0, kMostTold) + " ";
  return text;
}

bool Cluster::whole() { return all_well(orders()) && all_well(catalogs()) && fronts_ready(); }

bool Cluster::settled() { return all_same(orders()) && all_same(catalogs()); }

int Cluster::controller() {
  const std::string holder = read_text(settings_.directory + "/coord/orders/locks/active");
  for (int number = 1; number <= kFronts; ++number) {
    if (holder.find(fmt::format(":{}\n", front(number).pid)) != std::string::npos) return number;
  }
  return 0;
}

}  // namespace tandem::torture::store
