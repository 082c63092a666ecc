// The state machine under simulation: remembers every command in order, and answers its number.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "repl/state_machine.h"
#include "sim/checks.h"

namespace tandem::sim {

class Journal final : public repl::StateMachine {
 public:
  repl::Applied apply(const wire::Entry& entry) override {
    take(entry.request_id + " " + entry.payload);
    return repl::Applied{200, std::to_string(lines_.size())};
  }
  std::unique_ptr<repl::FrozenState> freeze() const override {
    return std::make_unique<Frozen>(lines_);
  }
  void reset() override {
    lines_.clear();
    keys_.clear();
  }
  Status restore_row(std::string_view row) override {
    take(std::string(row));
    return {};
  }
  Status finish_restore() override { return {}; }

  // "<key> <payload>"
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  class Frozen final : public repl::FrozenState {
   public:
    explicit Frozen(std::vector<std::string> lines) : lines_(std::move(lines)) {}
    bool write_rows(const repl::RowSink& sink) const override {
      for (const std::string& line : lines_) {
        if (!sink(line)) return false;
      }
      return true;
    }

   private:
    std::vector<std::string> lines_;
  };

  void take(std::string line) {
    if (!keys_.insert(line.substr(0, line.find(' '))).second) violated("a key is applied twice");
    lines_.push_back(std::move(line));
  }

  std::vector<std::string> lines_;
  std::set<std::string> keys_;
};

}  // namespace tandem::sim
