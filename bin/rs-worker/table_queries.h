// Answers queries from tables in PostgreSQL.
#pragma once

#include <cstdint>
#include <string_view>

#include "queries.h"
#include "repl/driver.h"
#include "tables/reader.h"

namespace tandem::worker {

class TableQueries final : public Queries {
 public:
  // Both outlive this. What the replica has applied is committed there.
  TableQueries(tables::Reader& reader, const repl::Driver& replica)
      : reader_(reader), replica_(replica) {}

  void ask_for_queued_with(Queued queued) override { queued_ = std::move(queued); }
  void read(std::string_view query, rpc::Peer peer, int64_t deadline_ns, Done done) override;
  uint64_t large_reads() const override { return reader_.large_reads(); }

 private:
  tables::Reader& reader_;
  const repl::Driver& replica_;
  Queued queued_;
};

}  // namespace tandem::worker
