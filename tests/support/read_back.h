// That a state can be read back: what it writes for a snapshot passes its own row checker, restores
// to a state that writes the same bytes, and that state answers as the first one from then on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "repl/exactly_once.h"
#include "repl/state_machine.h"
#include "wire/utf8.h"

namespace tandem::support {

inline std::vector<std::string> rows_of(const repl::StateMachine& machine) {
  std::vector<std::string> rows;
  CHECK(machine.freeze()->write_rows([&rows](std::string_view row) {
    rows.emplace_back(row);
    return true;
  }));
  return rows;
}

// Restores `machine` from rows that another one wrote.
inline void restore(repl::StateMachine& machine, const std::vector<std::string>& rows) {
  const auto checker = machine.row_checker();
  machine.reset();
  for (const std::string& row : rows) {
    CHECK_MSG(row.find('\n') == std::string::npos, row);
    CHECK_MSG(wire::is_utf8(row), row);
    const Status checked = checker == nullptr ? Status() : checker->check(row);
    CHECK_MSG(checked.has_value(), row + ": " + checked.error().message);
    const Status restored = machine.restore_row(row);
    CHECK_MSG(restored.has_value(), row + ": " + restored.error().message);
  }
  CHECK(checker == nullptr || checker->finish().has_value());
  CHECK(machine.finish_restore().has_value());
}

// A state machine of a group as a replica has it: with the memory of keys around it.
template <typename Machine>
class Replicated {
 public:
  repl::Applied apply(const wire::Entry& entry) { return once_.apply(entry); }
  const repl::ExactlyOnce& state() const { return once_; }
  const Machine& machine() const { return machine_; }

  // What is applied to both from here on is to be answered the same.
  void read_back_into(Replicated& other) const {
    const std::vector<std::string> rows = rows_of(once_);
    const auto made = other.once_.make_empty();
    restore(*made, rows);
    other.once_.swap_state(*made);
    CHECK(rows_of(other.once_) == rows);
  }

 private:
  Machine machine_;
  repl::ExactlyOnce once_{machine_};
};

}  // namespace tandem::support
