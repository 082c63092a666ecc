#include "choices.h"

#include <algorithm>

namespace tandem::client {
namespace {

// splitmix64, by Sebastiano Vigna: public domain, https://prng.di.unimi.it/splitmix64.c
uint64_t splitmix(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Choices::Choices(uint64_t seed, uint64_t shopper) : state_(seed) {
  // Neighbouring states give overlapping sequences, so a shopper's number goes through the mill.
  uint64_t number = shopper;
  state_ = splitmix(state_) ^ splitmix(number);
}

double Choices::next() { return static_cast<double>(splitmix(state_) >> 11) * 0x1p-53; }

size_t Choices::pick(size_t count) {
  return std::min(static_cast<size_t>(next() * static_cast<double>(count)), count - 1);
}

bool Choices::chance(double probability) { return next() < probability; }

}  // namespace tandem::client
