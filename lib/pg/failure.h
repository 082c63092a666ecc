// What PostgreSQL refuses or what happens to a connection, as an Error with what else is known.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pg/rows.h"

namespace tandem::pg {

// Why a batch has no results. Kinds:
//   kUnavailable   nothing was done: no connection, it broke before this was sent, or it was full
//   kUnknown       it was sent and the connection broke: it was carried out as a whole or not at all
//   kBadInput      a parameter cannot be sent, or a value is out of range (SQLSTATE 22…)
//   others         the server refused it, and nothing of it was done: kind_of_sqlstate()
struct Failure {
  Error error;                  // never quotes parameters of ours that the server does not quote
  std::string sqlstate = {};    // five characters; empty where the server said nothing
  std::string detail = {};      // what the server adds; it may quote values of rows
  std::string constraint = {};  // the name, where one was violated
  size_t statement = 0;         // which one of the batch failed, from 0
};

// Whether the session is lost, or PostgreSQL is about to end it: nothing was refused.
inline bool is_lost(const Failure& why) {
  return why.error.kind == ErrorKind::kUnknown || why.error.kind == ErrorKind::kUnavailable;
}

// One Rows for each statement of the batch, in order.
using Outcome = tl::expected<std::vector<Rows>, Failure>;

// What a code of the server means (appendix A of PostgreSQL's documentation):
//   kUnavailable   it stops, starts, is out of connections or connections are lost: try again
//   kPermission    login refused, or the role may not do that
//   kNotFound      that database does not exist (3D000)
//   kConflict      a constraint, or transactions that exclude each other
//   kBusy          a lock was not free within lock_timeout, or somebody uses the object
//   kTimeout       cancelled: statement_timeout, or by a person
//   kNoSpace, kExhausted, kTooLarge, kBadInput, kIo, kCorrupt, kConfig  as their names say
//   kBug           any other: SQL of ours that is wrong
ErrorKind kind_of_sqlstate(std::string_view sqlstate);

// Whether the server's disk is full, as far as it says so: also in the last words of a session.
bool is_disk_full(const Error& why);

// Without control characters and line ends, for a line of a log or of a terminal.
std::string in_one_line(std::string_view text);

}  // namespace tandem::pg
