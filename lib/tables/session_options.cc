#include "tables/session_options.h"

#include <utility>

#include "pg/conninfo.h"

namespace tandem::tables {

Result<pg::SessionOptions> session_options(const std::string& url, const std::string& password_file,
                                           const std::string& group, repl::ReplicaId id) {
  auto conninfo = pg::operator_conninfo(url, id, password_file);
  if (!conninfo) return fail(std::move(conninfo.error()));
  pg::SessionOptions session;
  session.connect.conninfo = std::move(*conninfo);
  session.connect.application_name = group + " " + std::to_string(id);
  // What it forgets in a crash is in the log of this replica.
  session.connect.synchronous_commit = false;
  session.create_database = true;
  return session;
}

}  // namespace tandem::tables
