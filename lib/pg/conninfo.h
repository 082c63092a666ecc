// What an operator writes to say where PostgreSQL is: a conninfo of libpq, as a URI
// (postgresql://…) or as key=value pairs, and the file with the password. libpq's own means work
// too: PGPASSFILE and the other variables of the environment, ~/.pgpass, `passfile`, `service`.
//
// A conninfo may hold a password. What goes to people is masked_conninfo(), and no error here quotes
// from one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tandem::pg {

// Keywords of libpq with their values, in libpq's order, each once. What is not set is not there.
using ConninfoValues = std::vector<std::pair<std::string, std::string>>;

// kConfig: malformed, or a keyword that libpq does not know.
Result<ConninfoValues> parse_conninfo(const std::string& conninfo);

// The value of a keyword; nothing where it is not set or empty, which libpq takes for the same.
std::optional<std::string> value_of(const ConninfoValues& values, std::string_view keyword);

// Replaces every {id} within a value by the number: one configuration serves all replicas, each of
// which has a database (or user, or directory of a socket) of its own.
ConninfoValues with_id(ConninfoValues values, uint64_t id);

// key='value' pairs, whichever form it was written in, with *** for what libpq calls a password. Of
// a malformed one nothing is shown: who knows which part of it is the password.
std::string masked_conninfo(const std::string& conninfo);

// The first line of a file that holds the password and nothing else. kConfig: it is no regular
// file, is empty, holds more than a line of 1000 bytes, may be read or changed by others than its
// owner (mode 0600 or 0400), or belongs to neither this user nor root. Blocks.
Result<std::string> read_password_file(const std::string& path);

// All of this: the conninfo as it was written, for the replica with that id, and the password of the
// file where one is named. kConfig also where both have one. Blocks.
Result<ConninfoValues> operator_conninfo(const std::string& conninfo, uint64_t id,
                                         const std::string& password_file);

}  // namespace tandem::pg
