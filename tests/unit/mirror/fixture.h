// The orders and the catalog of a replica, driven by a log, with a mirror in a database of a real
// server.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "mirror/catalog.h"
#include "mirror/mirrored_applier.h"
#include "mirror/orders.h"
#include "pg/fault_proxy.h"
#include "repl/memory_applier.h"
#include "support/kept_rows.h"
#include "tables/fixture.h"
#include "toys/catalog.h"
#include "toys/orders.h"

namespace tandem::mirror {

class LaterJobs final : public repl::Jobs {
 public:
  void run(UniqueFunction<void(const Stopping&)> work, UniqueFunction<void()> done) override {
    work([] { return false; });
    if (done) done_.push_back(std::move(done));
  }
  void finish() {
    while (!done_.empty()) {
      auto done = std::move(done_.front());
      done_.pop_front();
      done();
    }
  }

 private:
  std::deque<UniqueFunction<void()>> done_;
};

// A replica with its log and its newest snapshot.
template <typename Machine, typename MachineSource>
class Replica final : public repl::Applier::Owner {
 public:
  explicit Replica(loop::Loop& loop) : loop_(loop) {}

  void applied(const wire::Entry& entry, const std::optional<repl::Applied>&) override {
    index = entry.index;
    if (on_applied) on_applied(entry);
  }
  void batch_ended() override {}
  void went_back(repl::Index) override {}
  repl::Origin origin() override {
    return {member, snapshot, 0, std::make_shared<support::KeptRows>(snapshot_rows)};
  }
  bool goes_on_from(const repl::Position& position) const override {
    if (position.index == snapshot.index) return position.epoch == snapshot.epoch;
    return position.index >= first && position.index <= entries.size() &&
           entries[position.index - 1].epoch == position.epoch;
  }

  // The process begins, with the state of the snapshot.
  void begin(const MirrorOptions& options) {
    applier.reset();
    mirror.reset();
    source.reset();
    memory.reset();
    machine = std::make_unique<Machine>();
    memory =
        std::make_unique<repl::MemoryApplier>(*machine, repl::KeyLimits{}, system_clock(), jobs);
    source = std::make_unique<MachineSource>(*machine);
    mirror = std::make_unique<Mirror>(loop_, options, *source);
    mirror->first_try([this](Status over) {
      if (!over) refused = over.error();
    });
    applier = std::make_unique<MirroredApplier>(*memory, mirror.get());
    index = snapshot.index;
    applier->begin(*this, [](const Result<repl::Index>& begun) { ASSERT_TRUE(begun); });
    jobs.finish();
    apply_all();
  }
  void end() {
    applier.reset();
    mirror.reset();
  }
  void log(std::string command, std::string key = {}) {
    wire::Entry entry;
    entry.type = wire::EntryType::kCommand;
    entry.index = entries.size() + 1;
    entry.epoch = epoch;
    entry.request_id = std::move(key);
    entry.payload = std::move(command);
    entries.push_back(std::move(entry));
  }
  void apply_all() {
    while (index < entries.size()) {
      const size_t end = std::min<size_t>(entries.size(), index + 1000);
      applier->apply({entries.begin() + static_cast<std::ptrdiff_t>(index),
                      entries.begin() + static_cast<std::ptrdiff_t>(end)});
    }
  }
  // What there is now is the newest snapshot, and the log before it is gone.
  void take_snapshot() {
    snapshot_rows = rows();
    snapshot = {entries[index - 1].epoch, index};
    first = index + 1;
  }
  // The snapshot of another one takes the place of the state, and, after a while, of the log.
  void install(const Replica& other, const std::function<void()>& meanwhile) {
    std::optional<Status> prepared;
    applier->prepare(other.snapshot.index, std::make_shared<support::KeptRows>(other.snapshot_rows),
                     [&](Status status) { prepared = std::move(status); });
    jobs.finish();
    ASSERT_TRUE(prepared && *prepared);
    applier->install(0, [](const Status& installed) { ASSERT_TRUE(installed); });
    index = other.snapshot.index;
    meanwhile();
    entries = other.entries;
    snapshot = other.snapshot;
    snapshot_rows = other.snapshot_rows;
    first = other.first;
    apply_all();
  }
  std::vector<std::string> rows() {
    std::optional<Result<repl::Picture>> picture;
    memory->picture([&](Result<repl::Picture> taken) { picture = std::move(taken); });
    std::vector<std::string> rows;
    EXPECT_TRUE((**picture).rows->write_rows([&](std::string_view row) {
      rows.emplace_back(row);
      return true;
    }));
    return rows;
  }
  bool is_mirrored() const { return mirror->applied_index() == index && mirror->trouble().empty(); }

  std::vector<wire::Entry> entries;
  repl::Epoch epoch = 3;
  repl::Member member{1, 77};
  repl::Position snapshot;
  std::vector<std::string> snapshot_rows;
  repl::Index first = 1;
  repl::Index index = 0;
  std::optional<Error> refused;
  std::function<void(const wire::Entry&)> on_applied;

  std::unique_ptr<Machine> machine;
  std::unique_ptr<repl::MemoryApplier> memory;
  std::unique_ptr<MachineSource> source;
  std::unique_ptr<Mirror> mirror;
  std::unique_ptr<MirroredApplier> applier;

 private:
  loop::Loop& loop_;
  LaterJobs jobs;
};

using OrdersReplica = Replica<toys::Orders, OrdersSource>;
using CatalogReplica = Replica<toys::Catalog, CatalogSource>;

class MirrorTest : public tables::TablesTest {
 protected:
  MirrorOptions mirror_options(const std::string& group = "orders") {
    MirrorOptions mirror;
    mirror.session.connect = options("host=" + (host_.empty() ? server_.directory() : host_) +
                                     " user=tester dbname=" + database_);
    mirror.session.connect.application_name = group;
    mirror.session.connect.synchronous_commit = false;
    mirror.session.first_pause_ms = 5;
    mirror.session.longest_pause_ms = 50;
    mirror.session.create_database = creates_;
    mirror.group = group;
    mirror.batch_rows = batch_rows_;
    mirror.most_changes = most_changes_;
    mirror.pause_ms = 1;
    return mirror;
  }

  // An intent, and mostly its result.
  void buy(OrdersReplica& replica) {
    const uint64_t at = replica.entries.size() + 1;
    const int64_t quantity = 1 + static_cast<int64_t>(random_() % 5);
    replica.log(toys::Orders::intent_command({name(), quantity}), "key-" + std::to_string(at));
    const uint64_t kind = random_() % 10;
    if (kind == 0) return;
    replica.log(toys::Orders::result_command({replica.epoch, at}, kind == 1 ? 400 : 200));
  }
  void buy(OrdersReplica& replica, size_t times) {
    while (times-- > 0) buy(replica);
    replica.apply_all();
  }
  // Of toys with names that need quoting.
  std::string name() {
    static const std::vector<std::string> kNames = {"Tux", "Fish \"é\" 'n' \\x", "𝄞", "Whale"};
    return kNames[random_() % kNames.size()];
  }
  void trade(CatalogReplica& replica) {
    const int64_t number = 1 + static_cast<int64_t>(random_() % 1000);
    const std::string added = "toy " + std::to_string(random_() % 40);
    switch (random_() % 5) {
      case 0:
        return replica.log(toys::Catalog::add_command({added, number, number}));
      case 1:
        return replica.log(toys::Catalog::price_command({added, number}));
      case 2:
        return replica.log(toys::Catalog::restock_command({added, number}));
      case 3:
        return replica.log(toys::Catalog::restock_empty_command(number));
      default:
        return replica.log(toys::Catalog::take_command(
            {5, {3, replica.entries.size() + 1}, {3, replica.entries.size() + 1}, added, 1}));
    }
  }

  template <typename Any>
  void until_mirrored(Any& replica) {
    until([&] { return replica.is_mirrored(); });
  }
  // What psql shows is what the state has.
  void expect_same(const OrdersReplica& replica) {
    std::string wanted;
    for (uint64_t number = 0; number < replica.machine->count(); ++number) {
      const toys::Order& order = *replica.machine->find(number);
      wanted +=
          std::to_string(number) + "|" + order.name + "|" + std::to_string(order.quantity) + "\n";
    }
    EXPECT_EQ(value("SELECT coalesce(string_agg(number || '|' || name || '|' || quantity || "
                    "E'\\n', '' ORDER BY number), '') FROM orders"),
              wanted);
    EXPECT_EQ(value("SELECT applied::text FROM tandem.meta"), std::to_string(replica.index));
  }
  void expect_same(const CatalogReplica& replica) {
    std::vector<std::string> rows;
    for (const toys::Toy& toy : replica.machine->toys()) {
      rows.push_back(toys::to_json(toy) + std::to_string(toy.start) + "|" +
                     std::to_string(toy.restocked) + "|" + std::to_string(toy.sold));
    }
    std::sort(rows.begin(), rows.end());
    std::string wanted;
    for (const std::string& row : rows) wanted += row + "\n";
    EXPECT_EQ(value("SELECT coalesce(string_agg(row || E'\\n', '' ORDER BY row COLLATE \"C\"), '') "
                    "FROM (SELECT '{\"name\":' || to_json(name) || ',\"price\":' || price || "
                    "',\"quantity\":' || quantity || ',\"version\":' || version || '}' || start || "
                    "'|' || restocked || '|' || sold AS row FROM catalog) AS rows"),
              wanted);
  }
  // Statements of a person, in psql.
  void person(const std::string& sql) { must(*connection_, {sql}); }
  int64_t made_anew() { return number(*connection_, "SELECT xmin::text::bigint FROM tandem.meta"); }

  std::string host_;
  bool creates_ = true;
  size_t batch_rows_ = 500;
  size_t most_changes_ = 100'000;
  std::mt19937_64 random_{7};
};

}  // namespace tandem::mirror
