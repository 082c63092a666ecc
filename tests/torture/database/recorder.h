// What the clients of a run tell: the history of their operations, the moments of acknowledged
// writes, answers that are wrong by themselves. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "history/history.h"

namespace tandem::torture::database {

class Recorder {
 public:
  // `plant`: a mistake to make on purpose, to see that the checks find it: lost, doubled, stale.
  explicit Recorder(std::string plant) : plant_(std::move(plant)) {}

  void add(history::Operation operation);
  // A write of the probe was acknowledged.
  void acknowledged(int64_t at_us);
  void wrong(const std::string& text);

  // What has been told up to now. Called when the clients have ended.
  const history::History& history() const { return history_; }
  const std::vector<int64_t>& acknowledgements() const { return acknowledgements_; }
  const std::vector<std::string>& wrong_answers() const { return wrong_; }
  size_t operations();

  // One JSON object a line.
  void save(const std::string& path) const;

 private:
  void plant_into(history::Operation& operation);

  const std::string plant_;
  std::mutex mutex_;
  history::History history_;
  std::vector<int64_t> acknowledgements_;
  std::vector<std::string> wrong_;
};

}  // namespace tandem::torture::database
