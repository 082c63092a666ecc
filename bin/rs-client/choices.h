// What a shopper does next: by chance, and the same again for the same seed. Pure.
//
// Every shopper of a run has a sequence of its own, so how their requests happen to interleave
// changes nobody's choices.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tandem::client {

class Choices {
 public:
  Choices(uint64_t seed, uint64_t shopper);

  // From 0 to count - 1, each as likely. REQUIRES: count > 0.
  size_t pick(size_t count);
  // True with this probability: never with 0, always with 1.
  bool chance(double probability);

 private:
  double next();  // from 0 up to but not including 1

  uint64_t state_;
};

}  // namespace tandem::client
