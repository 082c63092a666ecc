// What applies on a simulated replica: the applier of the programs (repl/memory_applier.h) behind a
// connection that may be slow, and may be lost. What comes back after that is an earlier state, as
// of an engine that had not written the last of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "repl/memory_applier.h"

namespace tandem::sim {

class Node;

class Engine final : public repl::Applier, private repl::Applier::Owner {
 public:
  Engine(Node& node, repl::StateMachine& machine, const Clock& clock, repl::Jobs& jobs);

  // To what the disk's snapshot holds, when the process starts.
  void start();
  void lose();
  std::string rows() const;

  void set_owner(repl::Applier::Owner& owner) override { owner_ = &owner; }
  void apply(std::vector<wire::Entry> batch) override;
  void drop_batch() override;
  void picture(UniqueFunction<void(Result<repl::Picture>)> done) override;
  void prepare(repl::Index index, std::shared_ptr<repl::SnapshotRows> rows,
               UniqueFunction<void(Status)> done) override;
  void drop_prepared() override;
  void install(int64_t time_ms, UniqueFunction<void(Status)> done) override;
  Status admit(std::string_view command, std::string_view key) const override {
    return memory_.admit(command, key);
  }
  std::optional<repl::Applied> first_answer(std::string_view command,
                                            std::string_view key) const override {
    return memory_.first_answer(command, key);
  }
  std::string trouble() const override { return lost_ ? "the engine is gone" : ""; }

 private:
  struct Image {
    repl::Index index = 0;
    int64_t time_ms = 0;
    std::string rows;
  };

  void applied(const wire::Entry& entry, const std::optional<repl::Applied>& answer) override;
  void batch_ended() override;
  void went_back(repl::Index) override {}
  void take_image();
  void come_back();
  void restore(repl::Index index, int64_t time_ms, repl::SnapshotRows& rows);
  void install_now(int64_t time_ms);

  Node& node_;
  repl::MemoryApplier memory_;
  repl::Applier::Owner* owner_ = nullptr;
  repl::Index index_ = 0;
  int64_t time_ms_ = 0;
  uint64_t batch_ = 0;      // number of the one under way, or of the last
  bool under_way_ = false;  // ... and whether it is
  bool lost_ = false;
  repl::Index prepared_ = 0;
  Image image_;
};

}  // namespace tandem::sim
