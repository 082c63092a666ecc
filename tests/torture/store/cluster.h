// The toy store under torture: three replicas of the orders, one or three of the catalog, two
// fronts, all below one directory. Starts and stops them, tells who is who. One thread.
//
// Each process has a node of the network of its own: 1–3 the orders, 4–6 the catalog, 7 and 8 the
// fronts; the clients are node 0.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "clocks.h"
#include "disks.h"
#include "history/store.h"
#include "network.h"
#include "processes.h"
#include "programs.h"
#include "settings.h"
#include "store/replica_calls.h"
#include "support/http_call.h"

namespace tandem::torture::store {

constexpr int kOrderReplicas = 3;
constexpr int kMostCatalogs = 3;
constexpr int kFronts = 2;
constexpr int kNodes = kOrderReplicas + kMostCatalogs + kFronts;

// What a seed and the settings make of the store.
struct Shape {
  int catalogs = 1;
  int cache = 1000;  // products
  // The catalog gives a toy with none left `restock_to`, and looks often.
  int64_t restock_to = 20;
  int64_t restock_every_ms = 700;
};

// The toys that the store begins with: scarce ones that sell out, and some that never do.
std::vector<history::FinalToy> first_toys();

// A replica as it tells itself.
struct Replica {
  int id = 0;
  bool answers = false;
  bool takes_writes = false;
  bool in_sync = false;
  int64_t last_index = -1;
  int64_t applied_index = -1;
  int64_t orders = -1;  // how many it has
  int64_t open = -1;    // purchases without an outcome
  std::string storage_id;
};

class Cluster {
 public:
  Cluster(const Settings& settings, Shape shape, Processes& processes, Network& network);

  // Writes the configuration, starts everything, waits for it.
  Status start();
  Status stop() { return programs_.stop(); }
  std::string restart_killed() { return programs_.restart_killed(); }

  std::vector<Replica> orders();
  std::vector<Replica> catalogs();
  // Everybody answers, is in sync, and both groups take writes.
  bool whole();
  // What the fronts' /readyz say.
  std::string trouble();
  // All replicas of each group have applied the same, and no purchase is open.
  bool settled();

  Program& order(int id) { return *orders_[static_cast<size_t>(id - 1)]; }
  Program& catalog(int id) { return *catalogs_[static_cast<size_t>(id - 1)]; }
  Program& front(int number) { return *fronts_[static_cast<size_t>(number - 1)]; }
  std::deque<Program>& programs() { return programs_.all(); }
  static int order_node(int id) { return id; }
  static int catalog_node(int id) { return kOrderReplicas + id; }
  static int front_node(int number) { return kOrderReplicas + kMostCatalogs + number; }
  // The front that is the controller of both groups; 0: none now.
  int controller();

  const Shape& shape() const { return shape_; }
  // http://HOST:PORT of each front.
  const std::vector<std::string>& front_urls() const { return front_urls_; }
  // The directory of record and members.
  std::string coordination(const std::string& group) const {
    return settings_.directory + "/coord/" + group;
  }
  // Of a replica; "" where that listens at an address of the network.
  std::string socket(const Program& replica) const {
    return settings_.links ? "" : settings_.directory + "/sock/" + replica.name;
  }
  LogReader& logs() { return programs_.logs(); }
  Clocks& clocks() { return clocks_; }
  std::string order_directory(int id) const { return disks_.directory(order_name(id)); }
  std::string catalog_directory(int id) const { return disks_.directory(catalog_name(id)); }
  // By the names of their programs. Replicas with an odd id have a small one, where that is
  // possible: the leaders mostly, and some of those that follow.
  Disks& disks() { return disks_; }
  bool has_small_disk(int id) const { return settings_.links && id % 2 == 1; }
  ReplicaCalls& order_calls() { return *order_calls_; }

 private:
  static std::string order_name(int id) { return "order-" + std::to_string(id); }
  static std::string catalog_name(int id) { return "catalog-" + std::to_string(id); }
  std::vector<std::string> command(const std::string& program, int node,
                                   const std::vector<std::string>& words) const;
  // The rpc url of a node, or of a socket of that name.
  std::string rpc_url(int node, const std::string& name) const;
  Program& add_replica(const std::string& program, const std::string& name, int id, int node);
  void add_front(int number);
  void write_files();
  Status make_disks();
  bool fronts_ready();
  std::vector<Replica> ask(ReplicaCalls& calls);

  const Settings& settings_;
  const Shape shape_;
  Processes& processes_;
  Network& network_;
  Disks disks_;
  Clocks clocks_;
  support::HttpCall http_;
  Programs programs_;
  std::vector<Program*> orders_;
  std::vector<Program*> catalogs_;
  std::vector<Program*> fronts_;
  std::vector<std::string> front_urls_;
  std::optional<ReplicaCalls> order_calls_;
  std::optional<ReplicaCalls> catalog_calls_;
};

}  // namespace tandem::torture::store
