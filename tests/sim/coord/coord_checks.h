// The promises of coord/coord.h, looked at whenever something happens that could break one. A broken
// one ends the run. Where Consul goes back to an earlier state, or forgets all, or an operator ends
// a session, some of them do not hold until everybody has seen it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coord/coord.h"
#include "sim/coord/consul_model.h"

namespace tandem::sim {

class CoordChecks {
 public:
  // Of the history of the record: all it ever was, in order, absence included.
  size_t now() const { return history_.size() - 1; }

  void record_changes(const ConsulModel::Entry* before, const ConsulModel::Entry* after,
                      int64_t now_ns);
  // It is what it was, or not there, by no request.
  void went_back(const ConsulModel::Entry* record, int64_t now_ns);
  // Somebody who may has taken a lock's session away.
  void disturbed(int64_t now_ns) { disturbed_ns_ = now_ns; }

  // A number for swap_ends(). The text is nobody else's.
  uint64_t swap_begins(const coord::Expected& expected, const std::string& text);
  void swap_ends(uint64_t number, const Result<coord::SwapOutcome>& outcome);
  // A read that began when the history was at `from` gave this.
  void read(size_t from, const coord::Versioned& record) const;
  // A watch told `record`, and `last` (a place in the history) before. Where that is now.
  size_t told(size_t last, const coord::Versioned& record, int64_t now_ns) const;

  // Whether a claim to a lock may be wrong yet, as what it was given by is gone.
  bool excuses_claims(int64_t now_ns) const;

 private:
  struct Past {
    coord::Versioned record;
    uint64_t generation = 0;
  };
  struct Swap {
    coord::Expected expected;
    std::string text;
    uint64_t generation = 0;  // when it began
    bool refused = false;
    std::map<uint64_t, int> applied;  // how often, in each generation
  };

  std::optional<size_t> place(size_t from, const coord::Versioned& record) const;

  std::vector<Past> history_ = {{}};
  uint64_t generation_ = 0;  // how often the record went back
  std::optional<int64_t> went_back_ns_;
  std::optional<int64_t> disturbed_ns_;
  std::vector<Swap> swaps_;  // number n at [n - 1]
  std::map<std::string, uint64_t> by_text_;
};

}  // namespace tandem::sim
