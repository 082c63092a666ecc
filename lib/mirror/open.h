// The mirror of a replica's state, where its settings want one.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "base/function.h"
#include "base/result.h"
#include "daemon/part.h"
#include "loop/loop.h"
#include "mirror/mirror.h"
#include "mirror/source.h"
#include "replica/host.h"
#include "replica/replica_config.h"
#include "wire/json.h"

namespace tandem::mirror {

// nullptr: tables.backend is file. kConfig: the settings do not do. Blocks for the file with the
// password. `source` outlives it.
Result<std::unique_ptr<Mirror>> open(loop::Loop& loop, const replica::TablesConfig& tables,
                                     const replica::HostOptions& host, const Source& source);

// The mirror, if there is one, in a process that has started its replica. What is ready has tried
// PostgreSQL, and ends where that cannot be used as it is configured; but a replica that has data is
// ready whatever becomes of its mirror.
class MirrorPart final : public daemon::Part {
 public:
  // nullptr: there is none. The mirror outlives this. REQUIRES: the replica is open.
  MirrorPart(Mirror* mirror, const replica::Host& replica) : mirror_(mirror) {
    if (mirror != nullptr && !replica.is_empty()) mirror->outlive_refusals();
  }

  // What is told of it with the rest of the replica.
  void add_info(wire::Json& info) const {
    if (mirror_ != nullptr) mirror_->add_info(info);
  }

  std::string_view name() const override { return "mirror"; }
  void start(UniqueFunction<void(Status)> done) override {
    mirror_ == nullptr ? done({}) : mirror_->first_try(std::move(done));
  }
  void drain(UniqueFunction<void()> done) override { done(); }

 private:
  Mirror* const mirror_;
};

}  // namespace tandem::mirror
