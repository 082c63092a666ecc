// What became of the requests of one kind: how many there were, how long they took, what went
// wrong. Pure: times are nanoseconds of a clock that does not jump, given as arguments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "wire/json.h"

namespace tandem::client {

class Latencies {
 public:
  void add(int64_t ns) { ns_.push_back(ns); }
  void add(const Latencies& others);

  size_t count() const { return ns_.size(); }
  // Milliseconds to three decimals; null where nothing was added.
  wire::Json mean_ms() const;
  // The least of the times that so large a part of all are not above: quantile 0.99 is p99.
  wire::Json quantile_ms(double quantile) const;

 private:
  std::vector<int64_t> ns_;
};

// The longest time between two answers.
class Gap {
 public:
  void answered(int64_t now_ns);
  // The longer of the two; the time between them is none.
  void add(const Gap& other);
  // Milliseconds; null where there are no two answers.
  wire::Json longest_ms() const;

 private:
  int64_t last_ns_ = -1;
  int64_t longest_ns_ = -1;
};

struct Tally {
  Latencies latencies;        // of those that were answered, no included
  uint64_t errors = 0;        // not answered in the end, or refused
  uint64_t out_of_stock = 0;  // answered so
  uint64_t mismatches = 0;    // answers that can't be true
  uint64_t retries = 0;
  Gap gap;  // between answers

  // Adds up everything but the gap, which is not the sum of any.
  void add(const Tally& other);
};

// {"kind":"buy","count":98,"mean_ms":1.203,"p50_ms":…,"p99_ms":…,"errors":0,"out_of_stock":0,
// "mismatches":0,"retries":0,"longest_gap_ms":12.5}
wire::Json to_row(std::string_view kind, const Tally& tally);

// Milliseconds to three decimals.
wire::Json ms_of(int64_t ns);

}  // namespace tandem::client
