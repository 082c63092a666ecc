// libpq's objects, owned, and its errors as ours. Private to lib/pg: nothing else includes this.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>

#include "pg/failure.h"

namespace tandem::pg {

struct ConnCloser {
  void operator()(PGconn* conn) const { PQfinish(conn); }
};
using Conn = std::unique_ptr<PGconn, ConnCloser>;

struct ResultCloser {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PqResult = std::unique_ptr<PGresult, ResultCloser>;

// Type numbers of PostgreSQL, which are the same in all versions (catalog/pg_type.dat).
constexpr Oid kOidBool = 16;
constexpr Oid kOidBytes = 17;
constexpr Oid kOidName = 19;
constexpr Oid kOidInt8 = 20;
constexpr Oid kOidInt2 = 21;
constexpr Oid kOidInt4 = 23;
constexpr Oid kOidText = 25;
constexpr Oid kOidBoolArray = 1000;
constexpr Oid kOidTextArray = 1009;
constexpr Oid kOidInt8Array = 1016;
constexpr Oid kOidVarchar = 1043;

// A field of an error; empty where it has none.
std::string field(const PGresult* result, int code);
// REQUIRES: an error.
Failure failure_of(const PGresult* result);
// The session ends with it.
bool is_fatal(const PGresult* result);

}  // namespace tandem::pg
