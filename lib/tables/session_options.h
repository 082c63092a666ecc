// How a replica reaches its database in PostgreSQL.
#pragma once

#include <string>

#include "base/result.h"
#include "pg/session.h"
#include "repl/types.h"

namespace tandem::tables {

// Of what an operator has set (pg/conninfo.h), for the one that writes. kConfig: it does not do.
// Blocks for the file with the password.
Result<pg::SessionOptions> session_options(const std::string& url, const std::string& password_file,
                                           const std::string& group, repl::ReplicaId id);

}  // namespace tandem::tables
