#include "store/shoppers.h"

#include <fmt/format.h>

#include <deque>
#include <utility>

#include "store/cluster.h"

namespace tandem::torture::store {
namespace {

using history::StoreOutcome;

constexpr uint32_t kShoppers = 8;
constexpr uint32_t kBuyers = 2;    // of them
constexpr uint32_t kWatchers = 2;  // beside them
constexpr uint32_t kBallast = 8;   // beside those
constexpr int64_t kThinkMs = 24;
constexpr int64_t kWatchMs = 6;
constexpr uint64_t kWatched = 3;    // toys
constexpr size_t kRemembered = 50;  // purchases, to ask for again
constexpr size_t kMostAbandoned = 3;
constexpr int64_t kFirstNewPrice = 1001;  // cents, above all that toys begin with
constexpr uint64_t kMostAdded = 20;

class Shopper {
 public:
  explicit Shopper(Client& client) : client_(client) {}

  void run() {
    shop();
    while (!abandoned_.empty()) take_up();
  }

 private:
  void shop() {
    while (!client_.stopped()) {
      client_.think(kThinkMs);
      const uint64_t choice = client_.random().below(100);
      if (choice < 42) {
        client_.see(client_.some_toy());
      } else if (choice < 84) {
        buy();
      } else if (choice < 87) {
        client_.see_all();
      } else if (choice < 91) {
        // Also numbers that may be the next ones.
        client_.see_order(client_.shared().last_order + client_.random().below(3));
      } else if (choice < 94) {
        if (!abandoned_.empty()) take_up();
      } else if (choice < 95) {
        client_.other_front();
      } else {
        repeat();
      }
    }
  }

  void buy() {
    sim::Random& random = client_.random();
    const std::string toy = client_.some_toy();
    Change change = client_.buy(toy, random.between<int64_t>(1, 3));
    // Some have no patience, and ask much later what has come of it.
    const bool impatient = random.chance(60) && abandoned_.size() < kMostAbandoned;
    if (!impatient) {
      client_.carry_out(change);
    } else if (!client_.try_once(change)) {
      abandoned_.push_back(std::move(change));
      return;
    }
    bought(change);
    look_at(change);
  }

  // At once, and mostly at the other front: that is when a front that knows of nothing is
  // found out.
  void look_at(const Change& change) {
    if (!client_.random().chance(600)) return;
    if (client_.random().chance(700)) client_.other_front();
    if (change.operation.outcome == StoreOutcome::kDone && client_.random().chance(400)) {
      client_.see_order(change.operation.number);
    } else {
      client_.see(change.operation.toy);
    }
  }

  void bought(const Change& change) {
    if (change.operation.outcome == StoreOutcome::kUnknown) return;
    if (remembered_.size() == kRemembered) remembered_.pop_front();
    remembered_.push_back(change);
  }

  void take_up() {
    Change change = std::move(abandoned_.front());
    abandoned_.pop_front();
    client_.carry_out(change);
    bought(change);
  }

  void repeat() {
    if (remembered_.empty()) return;
    const Change& change = client_.random().one_of(remembered_);
    if (client_.random().chance(200)) {
      client_.repeat_with_other_body(change);
    } else {
      client_.repeat(change);
    }
  }

  Client& client_;
  std::deque<Change> abandoned_;
  std::deque<Change> remembered_;
};

// Buys, and nothing else: one at each front, so that there is always somebody to notice when
// purchases are possible again.
void run_buyer(Client& client) {
  while (!client.stopped()) {
    client.think(kThinkMs);
    Change change = client.buy(client.some_toy(), 1);
    client.carry_out(change);
  }
}

void run_shopper(Client& client) { Shopper(client).run(); }

// Looks at the toys that are changed most, at one front, all the time: what is wrong for a few
// milliseconds only is seen.
void run_watcher(Client& client) {
  while (!client.stopped()) {
    client.think(kWatchMs);
    client.stay();
    client.see(first_toys()[client.random().below(kWatched)].name);
  }
}

// The only one who changes prices, and every price is above all before it.
void run_prices(Client& client) {
  for (int64_t cents = kFirstNewPrice; !client.stopped(); ++cents) {
    client.think(80);
    const std::string toy = client.some_toy();
    Change change = client.set_price(toy, cents);
    client.carry_out(change);
    client.see(toy);
    client.other_front();
    client.see(toy);
  }
}

void run_stock(Client& client) {
  uint64_t added = 0;
  while (!client.stopped()) {
    client.think(200);
    if (added < kMostAdded && client.random().chance(50)) {
      const std::string toy = fmt::format("New{}", ++added);
      {
        const std::lock_guard lock(client.shared().mutex);
        client.shared().toys.push_back(toy);
      }
      Change change = client.add(toy, 500, client.random().between<int64_t>(1, 50));
      client.carry_out(change);
      client.see(toy);
    } else {
      const std::string toy = client.some_toy();
      Change change = client.restock(toy, client.random().between<int64_t>(1, 5));
      client.carry_out(change);
      client.other_front();
      client.see(toy);
    }
  }
}

// Makes logs grow while a disk is full.
void run_ballast(Client& client) {
  while (!client.stopped()) {
    if (!client.shared().heavy) {
      client.think(100);
      continue;
    }
    Change change = client.buy_nothing();
    client.carry_out(change);
  }
}

}  // namespace

Clients::Clients(Shared& shared) : shared_(shared) {
  std::vector<void (*)(Client&)> workloads(kBuyers, run_buyer);
  workloads.resize(kShoppers, run_shopper);
  workloads.resize(kShoppers + kWatchers, run_watcher);
  workloads.push_back(run_prices);
  workloads.push_back(run_stock);
  workloads.resize(workloads.size() + kBallast, run_ballast);
  for (uint32_t number = 1; number <= workloads.size(); ++number) {
    threads_.emplace_back([&shared, number, workload = workloads[number - 1]] {
      Client client(shared, number);
      workload(client);
    });
  }
}

void Clients::stop(bool at_once) {
  shared_.give_up = at_once;
  shared_.stop = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace tandem::torture::store
