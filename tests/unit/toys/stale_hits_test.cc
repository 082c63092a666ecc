// Caches and the catalog's subscriptions against each other, through a network that loses, doubles
// and delays, with fronts and leaders that stand still, leaders that are replaced, and clocks that
// run up to a tenth apart: no query may be answered from a cache with less than what had been
// answered to a change before it began (invariant 16). In the end, when all is well again, every
// change is answered and every front serves from its cache.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "toys/product_cache.h"
#include "toys/subscriptions.h"

namespace tandem::toys {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kLease = 150 * kMs;
// A leader's own lease is nine tenths, from before its successor promised.
constexpr int64_t kLeaderLease = kLease / 10 * 9;
constexpr int64_t kPollTimeout = 100 * kMs;
constexpr int64_t kFillTimeout = 200 * kMs;
constexpr size_t kFronts = 3;
constexpr size_t kToys = 4;
constexpr std::array<const char*, kToys> kNames = {"Tux", "Lego", "Chess", "Kite"};

// Of one host; true time is what no process knows.
struct Clock {
  int64_t offset = 0;
  int64_t rate = 1000;  // of 1000
  int64_t at(int64_t true_ns) const { return offset + true_ns / 1000 * rate; }
};

struct Query {
  size_t toy = 0;
  uint64_t answered = 0;  // the version of a change that was answered before it began
  uint64_t floor = 0;     // once it waits for a fill
};

struct Front {
  explicit Front(uint64_t id) : cache(CacheOptions{true, 3}, id) {}
  ProductCache cache;
  Clock clock;
  int64_t stands_until = 0;
  int64_t polled_at = 0;
  bool polls = false;
  std::vector<Query> waiting;                  // for a fill that another query began
  std::array<int64_t, kToys> fill_begun = {};  // 0: none under way
  std::array<uint64_t, kToys> fill_number = {};
};

struct Leader {
  Leader(size_t own_number, uint64_t first_id)
      : number(own_number), subscriptions({.max_unacknowledged = 8}, first_id) {}
  const size_t number;
  Subscriptions subscriptions;
  Clock clock;
  int64_t stands_until = 0;
  int64_t lease_until = 0;  // of one that was replaced, by its own clock
};

struct Message {
  enum class Kind { kPoll, kPush, kRead, kProduct } kind = Kind::kPoll;
  int64_t at = 0;
  size_t front = 0;
  size_t leader = 0;  // its number
  Poll poll;
  Push push;
  size_t toy = 0;
  uint64_t fill = 0;
  uint64_t version = 0;
};

class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {
    for (uint64_t id = 1; id <= kFronts; ++id) {
      fronts_.push_back(std::make_unique<Front>(id));
      fronts_.back()->clock = any_clock();
    }
    new_leader();
  }

  void run(int64_t ms, bool faults) {
    faults_ = faults;
    for (const int64_t end = now_ + ms * kMs; now_ < end; now_ += kMs) {
      if (faults_) break_something();
      if (chance(40)) change(random_() % kToys);
      for (size_t leader = 0; leader < leaders_.size(); ++leader) leader_turn(leader);
      for (size_t front = 0; front < kFronts; ++front) front_turn(front);
    }
  }

  // No more changes; what is under way comes to its end.
  void settle() {
    for (const int64_t end = now_ + 1500 * kMs; now_ < end; now_ += kMs) {
      asking_ = end - now_ > 500 * kMs;
      for (size_t leader = 0; leader < leaders_.size(); ++leader) leader_turn(leader);
      for (size_t front = 0; front < kFronts; ++front) front_turn(front);
    }
    EXPECT_TRUE(held_.empty()) << "a change without an answer";
    for (const auto& front : fronts_) {
      EXPECT_TRUE(front->cache.leased(front->clock.at(now_)));
      EXPECT_TRUE(front->waiting.empty());
    }
  }

  uint64_t hits() const {
    uint64_t hits = 0;
    for (const auto& front : fronts_) hits += front->cache.figures().hits;
    return hits;
  }
  uint64_t joined() const { return joined_; }
  uint64_t answered() const { return answers_; }
  uint64_t refused() const {
    uint64_t refused = 0;
    for (const auto& front : fronts_) refused += front->cache.figures().refused;
    return refused;
  }
  uint64_t stale() const { return stale_; }

 private:
  struct Held {
    uint64_t barrier = 0;
    size_t toy = 0;
    uint64_t version = 0;
  };

  bool chance(uint64_t one_in) { return random_() % one_in == 0; }
  int64_t any(int64_t from, int64_t to) {
    return from + static_cast<int64_t>(random_() % static_cast<uint64_t>(to - from + 1));
  }
  Clock any_clock() { return {any(0, 1'000'000) * kMs, any(955, 1045)}; }

  void send(Message message) {
    if (faults_ && chance(10)) return;
    message.at = now_ + any(0, faults_ && chance(10) ? 400 : 3) * kMs;
    if (faults_ && chance(10)) {
      Message twin = message;
      twin.at = now_ + any(0, 600) * kMs;
      network_.push_back(std::move(twin));
    }
    network_.push_back(std::move(message));
  }

  template <typename Wanted>
  std::vector<Message> receive(Wanted&& wanted) {
    std::vector<Message> received;
    std::erase_if(network_, [this](const Message& m) { return m.at < now_ - 2000 * kMs; });
    for (size_t i = 0; i < network_.size();) {
      if (network_[i].at > now_ || !wanted(network_[i])) {
        ++i;
        continue;
      }
      received.push_back(std::move(network_[i]));
      network_.erase(network_.begin() + static_cast<ptrdiff_t>(i));
    }
    return received;
  }

  void break_something() {
    if (chance(300)) fronts_[random_() % kFronts]->stands_until = now_ + any(1, 400) * kMs;
    if (chance(300)) leaders_.back()->stands_until = now_ + any(1, 400) * kMs;
    if (chance(1000)) new_leader();
  }

  // The one before may not know, and grants what is left of its own lease.
  void new_leader() {
    if (!leaders_.empty()) {
      Leader& old = *leaders_.back();
      old.lease_until = old.clock.at(now_) + any(0, kLeaderLease / kMs) * kMs;
      held_.clear();
      if (leaders_.size() == 2) leaders_.erase(leaders_.begin());
    }
    leaders_.push_back(std::make_unique<Leader>(++last_leader_, random_()));
    Leader& leader = *leaders_.back();
    leader.clock = any_clock();
    leader.subscriptions.start(leader.clock.at(now_));
    // Their clients ask again.
    for (size_t toy = 0; toy < kToys; ++toy) {
      if (versions_[toy] > answered_[toy]) hold(toy);
    }
  }

  void hold(size_t toy) {
    held_.push_back({leaders_.back()->subscriptions.latest(), toy, versions_[toy]});
  }

  void change(size_t toy) {
    if (leaders_.back()->stands_until > now_) return;
    versions_[toy] = ++last_version_;
    leaders_.back()->subscriptions.changed(kNames[toy], versions_[toy]);
    hold(toy);
  }

  void leader_turn(size_t index) {
    Leader& leader = *leaders_[index];
    if (leader.stands_until > now_) return;
    const bool leads = &leader == leaders_.back().get();
    const int64_t clock = leader.clock.at(now_);
    const int64_t lease_until = leads ? clock + kLeaderLease : leader.lease_until;
    for (const Message& message : receive([&](const Message& m) {
           return m.leader == leader.number &&
                  (m.kind == Message::Kind::kPoll || m.kind == Message::Kind::kRead);
         })) {
      if (message.kind == Message::Kind::kPoll) {
        if (lease_until > clock) (void)leader.subscriptions.poll(message.poll, clock);
      } else if (leads) {
        Message product = message;
        product.kind = Message::Kind::kProduct;
        product.version = versions_[message.toy];
        send(std::move(product));
      }
    }
    for (const uint64_t id : leader.subscriptions.due(clock)) {
      Message push;
      push.kind = Message::Kind::kPush;
      push.front = static_cast<size_t>(id - 1);
      push.push = leader.subscriptions.answer(id, clock, lease_until);
      send(std::move(push));
    }
    if (leads) release(leader, clock);
  }

  void release(Leader& leader, int64_t clock) {
    while (!held_.empty() && leader.subscriptions.acknowledged(held_.front().barrier, clock)) {
      const Held& change = held_.front();
      answered_[change.toy] = std::max(answered_[change.toy], change.version);
      ++answers_;
      held_.erase(held_.begin());
    }
  }

  void front_turn(size_t index) {
    Front& front = *fronts_[index];
    // A request that comes while it stands is there before the clock is looked at.
    if (asking_ && chance(2)) requests_[index].push_back(new_query());
    if (front.stands_until > now_) return;
    for (Message& message : receive([&](const Message& m) {
           return m.front == index &&
                  (m.kind == Message::Kind::kPush || m.kind == Message::Kind::kProduct);
         })) {
      if (message.kind == Message::Kind::kPush) {
        front.polls = false;
        front.cache.pushed(message.push, front.clock.at(now_));
      } else if (front.fill_begun[message.toy] != 0 &&
                 front.fill_number[message.toy] == message.fill) {
        end_fill(front, index, message.toy, message.version);
      }
    }
    expire_fills(front, index);
    for (const Query& query : std::exchange(requests_[index], {})) ask(front, index, query);
    if (!front.polls || now_ - front.polled_at > kPollTimeout) poll(front, index);
  }

  Query new_query() {
    const size_t toy = random_() % kToys;
    return {toy, answered_[toy], 0};
  }

  void poll(Front& front, size_t index) {
    Message message;
    message.front = index;
    // Of the one before a front may not have heard that it is replaced.
    message.leader = faults_ && chance(3) ? leaders_.front()->number : leaders_.back()->number;
    message.poll = front.cache.begin_poll(front.clock.at(now_));
    front.polls = true;
    front.polled_at = now_;
    send(std::move(message));
  }

  void ask(Front& front, size_t index, const Query& query) {
    const int64_t clock = front.clock.at(now_);
    const std::string name = kNames[query.toy];
    if (const std::string* text = front.cache.find(name, clock)) {
      serve(query, std::stoull(*text));
      return;
    }
    const ProductCache::Join join = front.cache.join_fill(name, clock);
    if (join.how == ProductCache::Join::How::kWait) {
      ++joined_;
      front.waiting.push_back({query.toy, query.answered, join.floor});
    } else if (join.how == ProductCache::Join::How::kBegin) {
      front.fill_begun[query.toy] = now_;
      Message read;
      read.kind = Message::Kind::kRead;
      read.front = index;
      read.leader = leaders_.back()->number;
      read.toy = query.toy;
      read.fill = ++front.fill_number[query.toy];
      send(std::move(read));
    }
  }

  void serve(const Query& query, uint64_t version) {
    if (version < query.answered) ++stale_;
  }

  void end_fill(Front& front, size_t index, size_t toy, uint64_t version) {
    front.fill_begun[toy] = 0;
    front.cache.end_fill(kNames[toy], version, std::to_string(version));
    wake(front, index, toy, version);
  }

  void expire_fills(Front& front, size_t index) {
    for (size_t toy = 0; toy < kToys; ++toy) {
      if (front.fill_begun[toy] == 0 || now_ - front.fill_begun[toy] < kFillTimeout) continue;
      front.fill_begun[toy] = 0;
      front.cache.fail_fill(kNames[toy]);
      wake(front, index, toy, 0);
    }
  }

  void wake(Front& front, size_t index, size_t toy, uint64_t version) {
    for (const Query& query : std::exchange(front.waiting, {})) {
      if (query.toy != toy) {
        front.waiting.push_back(query);
      } else if (version != 0 && version >= query.floor) {
        serve(query, version);
      } else {
        ask(front, index, query);
      }
    }
  }

  std::mt19937_64 random_;
  bool faults_ = false;
  bool asking_ = true;
  size_t last_leader_ = 0;
  int64_t now_ = 1000 * kMs;
  std::vector<std::unique_ptr<Front>> fronts_;
  std::vector<std::unique_ptr<Leader>> leaders_;  // the last leads
  std::vector<Message> network_;
  std::array<std::vector<Query>, kFronts> requests_;
  std::vector<Held> held_;
  uint64_t last_version_ = 1;
  std::array<uint64_t, kToys> versions_ = {1, 1, 1, 1};
  std::array<uint64_t, kToys> answered_ = {1, 1, 1, 1};
  uint64_t answers_ = 0;
  uint64_t joined_ = 0;
  uint64_t stale_ = 0;
};

class StaleHitsTest : public testing::TestWithParam<uint64_t> {};

TEST_P(StaleHitsTest, NoHitIsOlderThanAnAnsweredChange) {
  World world(GetParam());
  for (int round = 0; round < 4; ++round) {
    world.run(4000, true);
    world.run(1000, false);
    ASSERT_EQ(world.stale(), 0U) << "round " << round;
  }
  world.settle();
  EXPECT_EQ(world.stale(), 0U);
  // Else nothing was tried.
  EXPECT_GT(world.hits(), 500U);
  EXPECT_GT(world.joined(), 20U);
  EXPECT_GT(world.answered(), 100U);
  EXPECT_GT(world.refused(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, StaleHitsTest, testing::Range<uint64_t>(1, 61));

}  // namespace
}  // namespace tandem::toys
