// The rows of a query that are too many to be held, some at a time: DECLARE and FETCH in the open
// transaction of a connection. While its owner works on some, the next ones are fetched; then it
// stops until they are asked for. So at most two fetches are in memory.
//
//   connection.run(Batch(Place::kOpens, "ISOLATION LEVEL REPEATABLE READ READ ONLY"), …);
//   Cursor cursor(connection, "SELECT key, name FROM users ORDER BY key COLLATE \"C\"", {},
//                 {Type::kText, Type::kText});
//   cursor.next([](Cursor::Some some) { … });   // again and again until there are none
//   connection.run(Batch(Place::kCloses), …);   // also what frees it
//
// Several of them may be open in one transaction and see the same rows. FETCH of 256 KiB at a time
// takes no longer than COPY TO STDOUT, which would hold the whole connection, cannot wait in the
// middle without holding the server's output up, and needs a decoder of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/function.h"
#include "pg/connection.h"

namespace tandem::pg {

class Cursor {
 public:
  // Begins at once. How many rows are fetched at a time follows from how long those before were, so
  // that `most_rows` is what bounds the memory where they may become much longer. REQUIRES: an open
  // transaction on the connection, which outlives this.
  Cursor(loop::Loop& loop, Connection& connection, const std::string& sql, Parameters parameters,
         std::vector<Type> columns, size_t fetch_bytes = size_t{256} << 10,
         size_t most_rows = 65'536);
  ~Cursor();  // `done` is not called any more
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  // No rows: that was all. After an error there is nothing more, and the transaction is over.
  using Some = tl::expected<Rows, Failure>;
  // From the loop, never from inside; it may destroy this. REQUIRES: the last one is done.
  void next(UniqueFunction<void(Some)> done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem::pg
