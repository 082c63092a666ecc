// What happened: a hash over all of it, which is the same for the same seed, and the text of it
// where somebody wants to read along.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string_view>

#include "sim/schedule.h"

namespace tandem::sim {

class Trace {
 public:
  Trace(const Schedule& schedule, bool verbose) : schedule_(schedule), verbose_(verbose) {}

  // `who` did it; empty: who else.
  void note(std::string_view who, std::string_view what, std::initializer_list<uint64_t> numbers) {
    ++events_;
    mix(static_cast<uint64_t>(schedule_.now()));
    for (const char c : who) mix(static_cast<unsigned char>(c));
    for (const char c : what) mix(static_cast<unsigned char>(c));
    for (const uint64_t number : numbers) mix(number);
    if (verbose_) print(who, what, numbers);
  }
  // For people only: not part of the hash.
  void say(std::string_view text) const {
    if (verbose_) std::fprintf(stderr, "    %.*s\n", static_cast<int>(text.size()), text.data());
  }
  uint64_t hash() const { return hash_; }
  uint64_t events() const { return events_; }

 private:
  void mix(uint64_t value) { hash_ = (hash_ ^ value) * 1099511628211ULL; }
  void print(std::string_view who, std::string_view what,
             std::initializer_list<uint64_t> numbers) const {
    std::fprintf(stderr, "%12.3f ms %.*s%s%.*s", static_cast<double>(schedule_.now()) / 1e6,
                 static_cast<int>(who.size()), who.data(), who.empty() ? "" : " ",
                 static_cast<int>(what.size()), what.data());
    for (const uint64_t number : numbers) std::fprintf(stderr, " %" PRIu64, number);
    std::fprintf(stderr, "\n");
  }

  const Schedule& schedule_;
  const bool verbose_;
  uint64_t hash_ = 14695981039346656037ULL;
  uint64_t events_ = 0;
};

// The same under a name.
class NamedTrace {
 public:
  NamedTrace(Trace& trace, std::string_view name) : trace_(trace), name_(name) {}

  void note(std::string_view what, std::initializer_list<uint64_t> numbers) {
    trace_.note(name_, what, numbers);
  }
  void say(std::string_view text) const { trace_.say(text); }

 private:
  Trace& trace_;
  const std::string_view name_;
};

}  // namespace tandem::sim
