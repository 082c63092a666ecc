// What a request may ask of the database. A limit is part of what a command means (a command beyond
// one is refused at apply too), so that every replica of a group must have the same. What may be
// stored is limited by admission.h, where a command is proposed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "wire/frame.h"

namespace tandem::db {

struct Limits {
  size_t operations = 1000;      // of one transaction
  size_t conditions = 1000;      // of one transaction
  size_t reads = 100;            // queries that are answered from one state
  size_t rows = 100'000;         // of one answer
  size_t text_bytes = 1u << 20;  // of one text, also inside a list
  size_t list_items = 10'000;    // of a list of text, and of an "in"
  size_t tables = 1000;          // of a schema
  size_t columns = 1000;         // of a table

  // These hold where a read is answered or a write is proposed, and mean nothing to what is in the
  // log: replicas may differ in them. What a request costs is counted in rows looked at (meter.h).
  size_t answer_bytes = 15u << 20;
  uint64_t read_cost = 2'000'000;
  uint64_t write_cost = 500'000;
  // That a write takes while it is carried out (write_cost.h).
  size_t write_memory_bytes = 512u << 20;
  // A command that costs more is a long one (repl/state_machine.h).
  uint64_t quick_cost = 5'000;

  // For what is stored already: a snapshot is read whatever is in it.
  static constexpr Limits none() {
    constexpr size_t kNone = SIZE_MAX;
    return {kNone, kNone, kNone, kNone, kNone, kNone, kNone,
            kNone, kNone, kNone, kNone, kNone, kNone};
  }
};

static_assert(Limits{}.answer_bytes < wire::kMaxMessageBytes);

}  // namespace tandem::db
