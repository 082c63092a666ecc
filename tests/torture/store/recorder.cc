#include "store/recorder.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "wire/json.h"

namespace tandem::torture::store {
namespace {

using history::StoreKind;
using history::StoreOperation;
using history::StoreOutcome;

constexpr size_t kPlantAfter = 300;  // operations
constexpr size_t kMostWrong = 50;

}  // namespace

void Recorder::add(StoreOperation operation) {
  const std::lock_guard lock(mutex_);
  if (!plant_.empty() && history_.size() > kPlantAfter) plant_into(operation);
  history_.push_back(std::move(operation));
}

// At every operation that it fits; the checks need to find one.
void Recorder::plant_into(StoreOperation& operation) {
  if (operation.outcome != StoreOutcome::kDone) return;
  const auto before = std::find_if(history_.rbegin(), history_.rend(), [&](const auto& o) {
    return o.kind == operation.kind && o.outcome == StoreOutcome::kDone &&
           (o.kind == StoreKind::kBuy || (o.toy == operation.toy && o.shown != operation.shown));
  });
  if (before == history_.rend()) return;
  if (plant_ == "lost" && operation.kind == StoreKind::kBuy) {
    operation.quantity += 1000;
  } else if (plant_ == "doubled" && operation.kind == StoreKind::kBuy) {
    operation.number = before->number;
  } else if (plant_ == "stale" && operation.kind == StoreKind::kSee) {
    operation.shown = before->shown;
  }
}

void Recorder::wrong(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (wrong_.size() < kMostWrong) wrong_.push_back(text);
}

std::vector<int64_t> Recorder::acknowledgements() const {
  std::vector<int64_t> times;
  for (const StoreOperation& o : history_) {
    if (o.kind == StoreKind::kBuy && o.outcome == StoreOutcome::kDone) times.push_back(o.returned);
  }
  std::sort(times.begin(), times.end());
  return times;
}

void Recorder::save(const std::string& path) const {
  std::ofstream file(path, std::ios::trunc);
  for (const StoreOperation& o : history_) {
    wire::Json line;
    line.set("toy", o.toy);
    line.set("operation", history::describe(o));
    file << line.dump() << '\n';
  }
}

}  // namespace tandem::torture::store
