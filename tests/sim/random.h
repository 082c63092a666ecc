// The simulator's own generator and distributions: those of the standard library differ between
// implementations, and a seed has to mean the same run everywhere.
#pragma once

#include <cstdint>

#include "base/check.h"

namespace tandem::sim {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 0xD1B54A32D192ED03ULL) {}

  // SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  // 0 … bound-1. REQUIRES: bound > 0.
  uint64_t below(uint64_t bound) {
    CHECK(bound > 0);
    return next() % bound;
  }
  // first … last, both included.
  template <typename T>
  T between(T first, T last) {
    return first + static_cast<T>(below(static_cast<uint64_t>(last - first) + 1));
  }
  bool chance(uint32_t permille) { return below(1000) < permille; }
  template <typename Container>
  const auto& one_of(const Container& values) {
    return values[below(values.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace tandem::sim
