// What the clients of the store tell: their operations, and answers that are wrong by themselves.
// Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "history/store.h"

namespace tandem::torture::store {

class Recorder {
 public:
  // `plant`: a mistake to make on purpose, to see that the checks find it: lost, doubled, stale.
  explicit Recorder(std::string plant) : plant_(std::move(plant)) {}

  void add(history::StoreOperation operation);
  void wrong(const std::string& text);

  // What has been told up to now. Called when the clients have ended.
  const history::StoreHistory& history() const { return history_; }
  const std::vector<std::string>& wrong_answers() const { return wrong_; }
  // When purchases were acknowledged, in us, ascending.
  std::vector<int64_t> acknowledgements() const;

  // One JSON object a line.
  void save(const std::string& path) const;

 private:
  void plant_into(history::StoreOperation& operation);

  const std::string plant_;
  std::mutex mutex_;
  history::StoreHistory history_;
  std::vector<std::string> wrong_;
};

}  // namespace tandem::torture::store
