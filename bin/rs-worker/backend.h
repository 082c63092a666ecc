// What the tables of this replica are in: this process, or PostgreSQL.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config.h"
#include "loop/loop.h"
#include "queries.h"
#include "repl/applier.h"
#include "repl/driver.h"

namespace tandem::worker {

class Backend {
 public:
  virtual ~Backend() = default;

  // As the setting has it: "file" or "postgres".
  virtual std::string_view kind() const = 0;
  virtual repl::Applier& applier() = 0;
  // Reads what that replica has applied. REQUIRES: once; the replica lives longer.
  virtual Queries& read_for(const repl::Driver& replica) = 0;
  // What a request's body has to be, as the tables are now (db/command.h); gives the command that is
  // logged.
  virtual Result<std::string> check_command(std::string_view text) const = 0;
  virtual Result<std::string> check_change(std::string_view text) const = 0;
};

// kConfig: the settings do not do. Blocks for the file with the password.
Result<std::unique_ptr<Backend>> make_backend(loop::Loop& loop, const WorkerConfig& config);

}  // namespace tandem::worker
