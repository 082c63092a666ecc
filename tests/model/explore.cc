#include "explore.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <vector>

#include "describe.h"
#include "moves.h"

namespace tandem::model {
namespace {

// 64 bits stand for a state: with 10^8 states a collision, which would hide one, has odds of
// 1:4000.
uint64_t fingerprint(const State& s) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&s);
  size_t left = sizeof(State);
  uint64_t hash = 0x9E3779B97F4A7C15ull;
  const auto mix = [](uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  while (left > 0) {
    uint64_t word = 0;
    const size_t count = std::min<size_t>(left, 8);
    std::memcpy(&word, bytes, count);
    hash = mix(hash ^ word, 0xD6E8FEB86659FD93ull) ^ 0xA0761D6478BD642Full * word;
    hash ^= hash >> 29;
    bytes += count;
    left -= count;
  }
  hash = mix(hash ^ 0xE7037ED1A0B428DBull, 0x8EBC6AF09C88C6E3ull);
  hash ^= hash >> 32;
  hash *= 0xD6E8FEB86659FD93ull;
  hash ^= hash >> 32;
  return hash ? hash : 1;
}

class Seen {
 public:
  // False where it was there already.
  bool insert(uint64_t hash) {
    if (count_ * 10 > slots_.size() * 7) grow();
    uint64_t& slot = find(hash);
    if (slot == hash) return false;
    slot = hash;
    ++count_;
    return true;
  }

 private:
  uint64_t& find(uint64_t hash) {
    const size_t mask = slots_.size() - 1;
    size_t at = hash & mask;
    while (slots_[at] && slots_[at] != hash) at = (at + 1) & mask;
    return slots_[at];
  }
  void grow() {
    std::vector<uint64_t> old(slots_.size() * 2, 0);
    old.swap(slots_);
    for (const uint64_t hash : old) {
      if (hash) find(hash) = hash;
    }
  }

  std::vector<uint64_t> slots_ = std::vector<uint64_t>(1 << 20, 0);
  size_t count_ = 0;
};

class Search {
 public:
  explicit Search(const std::string& title) : title_(title) {}

  int run() {
    const State first = first_state();
    seen_.insert(fingerprint(first));
    parents_.push_back({0, 0});
    next_.push_back({first, 0});
    const size_t most = static_cast<size_t>(opt.max) * 1'000'000;
    while (!next_.empty()) {
      for (size_t left = next_.size(); left > 0; --left) {
        const Node node = next_.front();
        next_.pop_front();
        if (!expand(node)) return 1;
        if (parents_.size() <= most) continue;
        tell("no violation, not exhausted");
        return 0;
      }
      ++depth_;
      if (!opt.quiet && depth_ % 5 == 0) {
        std::fprintf(stderr, "depth %d frontier %zu states %zu\n", depth_, next_.size(),
                     parents_.size());
      }
    }
    tell("no violation, exhausted");
    return 0;
  }

 private:
  struct Node {
    State state;
    uint32_t number;
  };
  struct Parent {
    uint32_t number;
    uint32_t move;  // the place among its parent's moves
  };

  bool expand(const Node& node) {
    steps_.clear();
    Moves(node.state, steps_).all();
    for (uint32_t k = 0; k < steps_.size(); ++k) {
      const Step& step = steps_[k];
      ++transitions_;
      losses_ += step.loses;
      if (step.broken) {
        print_trace(node, k);
        return false;
      }
      if (!seen_.insert(fingerprint(step.state))) continue;
      parents_.push_back({node.number, k});
      next_.push_back({step.state, static_cast<uint32_t>(parents_.size() - 1)});
    }
    return true;
  }

  void tell(const char* what) const {
    std::printf("%s: %s: %zu states, %llu transitions, depth %d, %llu losses allowed\n",
                title_.c_str(), what, parents_.size(),
                static_cast<unsigned long long>(transitions_), depth_,
                static_cast<unsigned long long>(losses_));
  }

  void print_trace(const Node& node, uint32_t last) {
    const std::string what = std::string("VIOLATION \"") + steps_[last].broken + "\"";
    tell(what.c_str());
    std::vector<uint32_t> path{last};
    for (uint32_t n = node.number; n != 0; n = parents_[n].number) {
      path.push_back(parents_[n].move);
    }
    std::reverse(path.begin(), path.end());
    State state = first_state();
    for (size_t n = 0; n < path.size(); ++n) {
      steps_.clear();
      Moves(state, steps_).all();
      const Step& step = steps_[path[n]];
      std::printf("  %2zu %s\n", n + 1, describe(step, state).c_str());
      if (n + 1 == path.size()) print_state(state);
      const State to = step.state;
      state = to;
    }
  }

  const std::string& title_;
  Seen seen_;
  std::vector<Parent> parents_;
  std::deque<Node> next_;
  std::vector<Step> steps_;
  int depth_ = 0;
  uint64_t transitions_ = 0;
  uint64_t losses_ = 0;
};

class Random {
 public:
  explicit Random(int seed) : x_(0x9E3779B97F4A7C15ull * static_cast<uint64_t>(seed) + 1) {}
  size_t below(size_t limit) {
    x_ ^= x_ << 13;
    x_ ^= x_ >> 7;
    x_ ^= x_ << 17;
    return x_ % limit;
  }

 private:
  uint64_t x_;
};

// Faults and losses are less likely than the rest, or nothing would ever be done.
size_t pick(const std::vector<Step>& steps, Random& random) {
  size_t k = random.below(steps.size());
  for (int again = 0; again < 2; ++again) {
    switch (steps[k].move) {
      case Move::kLoseSwap:
      case Move::kLoseMessage:
      case Move::kCrash:
      case Move::kWipe:
      case Move::kReadGivenUp:
      case Move::kElect:
      case Move::kRemove:
      case Move::kRollBack:
      case Move::kGoBack:
        if (random.below(4)) k = random.below(steps.size());
        break;
      default:
        break;
    }
  }
  return k;
}

}  // namespace

int explore(const std::string& title) { return Search(title).run(); }

int walk(const std::string& title) {
  Random random(opt.seed);
  std::vector<Step> steps;
  unsigned long long taken = 0;
  unsigned long long losses = 0;
  for (int n = 0; n < opt.walk * 1000; ++n) {
    State state = first_state();
    for (int depth = 0; depth < opt.len; ++depth) {
      steps.clear();
      Moves(state, steps).all();
      if (steps.empty()) break;
      for (const Step& step : steps) {
        if (!step.broken) continue;
        std::printf("%s: VIOLATION \"%s\" in walk %d at step %d, %llu steps\n", title.c_str(),
                    step.broken, n, depth + 1, taken);
        print_state(state);
        std::printf("      then: %s\n", describe(step, state).c_str());
        return 1;
      }
      const Step& step = steps[pick(steps, random)];
      ++taken;
      losses += step.loses;
      const State to = step.state;
      state = to;
    }
  }
  std::printf("%s: no violation in %d000 walks, %llu steps, %llu losses allowed\n", title.c_str(),
              opt.walk, taken, losses);
  return 0;
}

}  // namespace tandem::model
