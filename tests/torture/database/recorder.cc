#include "database/recorder.h"

#include <fstream>
#include <utility>

#include "wire/json.h"

namespace tandem::torture::database {
namespace {

using history::Kind;
using history::Operation;
using history::Outcome;

constexpr size_t kPlantAfter = 300;  // operations
constexpr size_t kMostWrong = 50;
constexpr int64_t kNeverSent = 999'999'999;

}  // namespace

void Recorder::add(Operation operation) {
  const std::lock_guard lock(mutex_);
  if (!plant_.empty() && history_.size() > kPlantAfter) plant_into(operation);
  history_.push_back(std::move(operation));
}

// At the first operation that it fits, every time; the checks need to find one.
void Recorder::plant_into(Operation& operation) {
  if (operation.outcome != Outcome::kOk) return;
  if (plant_ == "lost" && operation.kind == Kind::kAdd) {
    operation.value = kNeverSent;
    operation.index = 0;
  } else if (plant_ == "doubled" && operation.kind == Kind::kReadList &&
             !operation.values.empty()) {
    operation.values.push_back(operation.values.front());
  } else if (plant_ == "stale" && operation.kind == Kind::kRead) {
    for (size_t i = history_.size(); i-- > 0;) {
      const Operation& before = history_[i];
      if (before.kind != Kind::kRead || before.key != operation.key ||
          before.outcome != Outcome::kOk || before.value == operation.value) {
        continue;
      }
      operation.value = before.value;
      operation.index = 0;
      return;
    }
  }
}

void Recorder::acknowledged(int64_t at_us) {
  const std::lock_guard lock(mutex_);
  acknowledgements_.push_back(at_us);
}

void Recorder::wrong(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (wrong_.size() < kMostWrong) wrong_.push_back(text);
}

size_t Recorder::operations() {
  const std::lock_guard lock(mutex_);
  return history_.size();
}

void Recorder::save(const std::string& path) const {
  std::ofstream file(path, std::ios::trunc);
  for (size_t i = 0; i < history_.size(); ++i) {
    wire::Json line;
    line.set("number", static_cast<int64_t>(i));
    line.set("key", history_[i].key);
    line.set("operation", history::describe(history_[i]));
    file << line.dump() << '\n';
  }
}

}  // namespace tandem::torture::database
