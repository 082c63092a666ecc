// What applies on a simulated replica: the applier of the programs (repl/memory_applier.h) behind a
// connection that may be slow, and may be lost. What comes back after that is an earlier state, as
// of an engine that had not written the last of it; and where the plan says so, what a process of
// this replica finds there when it starts.
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
  // What an engine has written.
  struct Image {
    repl::Member member;
    repl::Position position;
    int64_t time_ms = 0;
    std::string rows;
  };

  // `image` lives as long as the machine.
  Engine(Node& node, repl::StateMachine& machine, const Clock& clock, repl::Jobs& jobs,
         Image& image)
      : node_(node), memory_(machine, {}, clock, jobs), image_(image) {}

  void lose();
  std::string rows() const;

  void begin(repl::Applier::Owner& owner, UniqueFunction<void(Result<repl::Index>)> done) override;
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
  void first_answer(std::string_view command, std::string_view key, FirstAnswer done) override {
    if (lost_) return done(fail(ErrorKind::kUnavailable, trouble()));
    memory_.first_answer(command, key, std::move(done));
  }
  std::string trouble() const override { return lost_ ? "the engine is gone" : ""; }

 private:
  // Of the memory's.
  void applied(const wire::Entry& entry, const std::optional<repl::Applied>& answer) override;
  void batch_ended() override;
  void went_back(repl::Index) override {}
  repl::Origin origin() override;
  bool goes_on_from(const repl::Position& position) const override {
    return owner_->goes_on_from(position);
  }

  bool image_fits() const;
  void take_image();
  void begin_now();
  void begun(const Result<repl::Index>& index);
  void come_back();
  void install_now();

  Node& node_;
  repl::MemoryApplier memory_;
  repl::Applier::Owner* owner_ = nullptr;
  repl::Position position_;  // of the state
  int64_t time_ms_ = 0;
  uint64_t batch_ = 0;      // number of the one under way, or of the last
  bool under_way_ = false;  // ... and whether it is
  // Not there: nothing is applied, and nothing that it is asked is answered. It begins anew.
  bool lost_ = false;
  bool beginning_ = false;  // the memory is
  UniqueFunction<void(Result<repl::Index>)> first_begun_;
  repl::Index prepared_ = 0;
  struct Install {
    int64_t time_ms = 0;
    UniqueFunction<void(Status)> done;
  };
  std::optional<Install> install_;  // that waits
  Image& image_;
};

}  // namespace tandem::sim
