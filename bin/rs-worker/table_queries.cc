#include "table_queries.h"

#include <utility>

namespace tandem::worker {

// What a controller asks goes behind the answers that it is sent, and must not wait for long.
void TableQueries::read(std::string_view query, rpc::Peer peer, int64_t deadline_ns, Done done) {
  reader_.read(query, replica_.applied_index(), deadline_ns, std::move(done),
               [this, peer] { return !queued_ || queued_(peer) <= kMaxQueuedBytes; });
}

}  // namespace tandem::worker
