// Drives a state machine of the store as a log would, and writes and restores its snapshots.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "repl/state_machine.h"

namespace tandem::toys {

inline std::vector<std::string> rows_of(const repl::FrozenState& state) {
  std::vector<std::string> rows;
  EXPECT_TRUE(state.write_rows([&rows](std::string_view row) {
    rows.emplace_back(row);
    return true;
  }));
  return rows;
}

inline std::vector<std::string> rows_of(const repl::StateMachine& machine) {
  return rows_of(*machine.freeze());
}

inline void restore(repl::StateMachine& machine, const std::vector<std::string>& rows) {
  machine.reset();
  for (const std::string& row : rows) {
    const Status restored = machine.restore_row(row);
    ASSERT_TRUE(restored) << row << ": " << restored.error().message;
  }
  ASSERT_TRUE(machine.finish_restore());
}

// A machine with the log that it applied.
template <typename Machine>
struct Logged {
  Machine machine;
  uint64_t epoch = 1;
  uint64_t index = 0;

  repl::Applied apply(std::string command, std::string key = {}) {
    wire::Entry entry;
    entry.epoch = epoch;
    entry.index = ++index;
    entry.request_id = std::move(key);
    entry.payload = std::move(command);
    return machine.apply(entry);
  }
};

}  // namespace tandem::toys
