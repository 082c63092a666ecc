#include "mirror/mirrored_applier.h"

namespace tandem::mirror {

// The log is settled when the owner knows that the state has begun.
void MirroredApplier::begin(repl::Applier::Owner& owner,
                            UniqueFunction<void(Result<repl::Index>)> done) {
  owner_ = &owner;
  memory_.begin(*this, [this, done = std::move(done)](Result<repl::Index> index) mutable {
    const bool has_begun = index.has_value() && mirror_ != nullptr;
    if (has_begun) {
      const repl::Origin origin = owner_->origin();
      mirror_->replaced({origin.position, origin.time_ms});
    }
    done(std::move(index));
    if (has_begun) mirror_->start(*owner_);
  });
}

void MirroredApplier::applied(const wire::Entry& entry,
                              const std::optional<repl::Applied>& answer) {
  if (mirror_ != nullptr) mirror_->applied({{entry.epoch, entry.index}, entry.time_ms});
  owner_->applied(entry, answer);
}

void MirroredApplier::prepare(repl::Index index, std::shared_ptr<repl::SnapshotRows> rows,
                              UniqueFunction<void(Status)> done) {
  prepared_ = index;
  memory_.prepare(index, std::move(rows), std::move(done));
}

void MirroredApplier::install(int64_t time_ms, UniqueFunction<void(Status)> done) {
  memory_.install(time_ms, [this, time_ms, done = std::move(done)](Status installed) mutable {
    if (installed && mirror_ != nullptr) {
      // The epoch of an entry that nobody knows of here is told by the next one.
      const repl::Position newest = owner_->origin().position;
      const repl::Position position{newest.index == prepared_ ? newest.epoch : 0, prepared_};
      mirror_->replaced({position, time_ms});
    }
    done(std::move(installed));
  });
}

}  // namespace tandem::mirror
