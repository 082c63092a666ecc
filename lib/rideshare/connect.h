// A DbClient over rpc on a loop: what the services use.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/loop.h"
#include "rideshare/db_client.h"

namespace tandem::rideshare {

// The parts that make a client work, with the lifetime of the client.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual DbClient& client() = 0;
};

// kConfig: there is no address, or one that is malformed.
Status check_addresses(const std::vector<std::string>& urls);

// Dials every address (ipc://, tcp://, abstract://) and returns at once: that nobody is there yet
// is no error. Fails as check_addresses(). `loop` outlives the connection.
Result<std::unique_ptr<Connection>> connect(loop::Loop& loop, const std::vector<std::string>& urls,
                                            const Options& options);

}  // namespace tandem::rideshare
