// An applier in memory whose state is mirrored, where there is a mirror: tells the mirror what becomes of the state, and is
// as the one in memory in all else. Whatever happens to the mirror, nothing is different for whoever
// asks the replica.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "mirror/mirror.h"
#include "repl/applier.h"

namespace tandem::mirror {

class MirroredApplier final : public repl::Applier, private repl::Applier::Owner {
 public:
  // Both outlive this. nullptr: there is no mirror.
  MirroredApplier(repl::Applier& memory, Mirror* mirror) : memory_(memory), mirror_(mirror) {}

  void begin(repl::Applier::Owner& owner, UniqueFunction<void(Result<repl::Index>)> done) override;
  void apply(std::vector<wire::Entry> batch) override { memory_.apply(std::move(batch)); }
  void drop_batch() override { memory_.drop_batch(); }
  void picture(UniqueFunction<void(Result<repl::Picture>)> done) override {
    memory_.picture(std::move(done));
  }
  void prepare(repl::Index index, std::shared_ptr<repl::SnapshotRows> rows,
               UniqueFunction<void(Status)> done) override;
  void drop_prepared() override { memory_.drop_prepared(); }
  void install(int64_t time_ms, UniqueFunction<void(Status)> done) override;
  Status admit(std::string_view command, std::string_view key) const override {
    return memory_.admit(command, key);
  }
  void first_answer(std::string_view command, std::string_view key, FirstAnswer done) override {
    memory_.first_answer(command, key, std::move(done));
  }
  std::string trouble() const override { return memory_.trouble(); }

 private:
  void applied(const wire::Entry& entry, const std::optional<repl::Applied>& answer) override;
  void batch_ended() override { owner_->batch_ended(); }
  void went_back(repl::Index index) override { owner_->went_back(index); }
  repl::Origin origin() override { return owner_->origin(); }
  bool goes_on_from(const repl::Position& position) const override {
    return owner_->goes_on_from(position);
  }

  repl::Applier& memory_;
  Mirror* const mirror_;
  repl::Applier::Owner* owner_ = nullptr;
  repl::Index prepared_ = 0;  // the index of what is
};

}  // namespace tandem::mirror
