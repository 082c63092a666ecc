// The state machine under simulation: registers, counters and sets by name. A command is
// "write NAME VALUE", "compare NAME VALUE EXPECTED", "increment NAME VALUE" or "add NAME VALUE".
#pragma once

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/history.h"
#include "repl/state_machine.h"
#include "sim/checks.h"

namespace tandem::sim {

class Objects final : public repl::StateMachine {
 public:
  using Values = std::vector<int64_t>;  // of a set in the order of adding, of others at most one
  using Map = std::map<std::string, Values, std::less<>>;

  explicit Objects(Checks& checks) : checks_(checks) {}

  repl::Applied apply(const wire::Entry& entry) override {
    checks_.takes_effect(entry.request_id, entry.index);
    char verb[16];
    char name[16];
    int64_t value = 0;
    int64_t expected = history::kAbsent;
    if (std::sscanf(entry.payload.c_str(), "%15s %15s %" SCNd64 " %" SCNd64, verb, name, &value,
                    &expected) < 3) {
      violated("a command is malformed");
    }
    Values& values = objects_[name];
    if (verb[0] == 'c' && value_of(values) != expected) return {409, "differs"};
    if (verb[0] != 'a') {
      if (verb[0] == 'i' && !values.empty()) value += values[0];
      values.clear();
    }
    values.push_back(value);
    return {200, ""};
  }
  // Some take long.
  repl::Applying begin(const wire::Entry& entry) override {
    if (entry.index % 7 != 0) return apply(entry);
    return std::make_unique<Long>(*this, entry);
  }
  std::unique_ptr<repl::FrozenState> freeze() const override {
    return std::make_unique<Frozen>(objects_);
  }
  void reset() override { objects_.clear(); }
  Status restore_row(std::string_view row) override {
    const char* const end = row.data() + row.size();
    const size_t name = row.find(' ');
    Values& values = objects_[std::string(row.substr(0, name))];
    for (const char* at = row.data() + std::min(name, row.size()); at < end;) {
      at = std::from_chars(at + 1, end, values.emplace_back()).ptr;
    }
    return {};
  }
  Status finish_restore() override { return {}; }
  std::unique_ptr<repl::StateMachine> make_empty() const override {
    return std::make_unique<Objects>(checks_);
  }
  void swap_state(repl::StateMachine& made) override {
    objects_.swap(static_cast<Objects&>(made).objects_);
  }

  Values read(std::string_view name) const {
    const auto it = objects_.find(name);
    return it == objects_.end() ? Values{} : it->second;
  }
  static int64_t value_of(const Values& values) {
    return values.empty() ? history::kAbsent : values[0];
  }
  const Map& all() const { return objects_; }

 private:
  struct Long final : repl::LongCommand {
    Long(Objects& all, wire::Entry of) : objects(all), entry(std::move(of)) {}
    void run(const std::function<bool()>&) override {}
    repl::Applied finish() override { return objects.apply(entry); }
    Objects& objects;
    const wire::Entry entry;
  };
  struct Frozen final : repl::FrozenState {
    explicit Frozen(Map all) : objects(std::move(all)) {}
    bool write_rows(const repl::RowSink& sink) const override {
      for (const auto& [name, values] : objects) {
        std::string row = name;
        for (const int64_t value : values) row += ' ' + std::to_string(value);
        if (!sink(row)) return false;
      }
      return true;
    }
    const Map objects;
  };

  Checks& checks_;
  Map objects_;
};

}  // namespace tandem::sim
