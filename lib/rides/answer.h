// What the ride-share services answer to a call, and what they are told by the database: the small
// vocabulary of this library. Pure text to text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::rides {

// An answer over HTTP: a status, and JSON text or no body.
struct Answer {
  int status = 200;
  std::string body;

  bool operator==(const Answer&) const = default;
};

// The database's answer to a read or a write. The view must live as long as the call that gets it.
struct DbReply {
  int status = 200;
  std::string_view body;
};

// `text` in single quotes for an error message, cut (between characters) after 64 bytes: a name of
// 100 kB must not come back in the error about it.
std::string in_quotes(std::string_view text);
// The same without quotes.
std::string shortened(std::string_view text);

// {"error":{"code":400,"message":"…"}}
Answer error_answer(int status, std::string_view message);
// The same with the status of the error's kind: 400 for what the client sent, 413 where the
// database would have too much to do or to say, 503 and 504 for a database that cannot be reached
// or did not answer in time, else 500.
Answer error_answer(const Error& error);

// The answer where the database did not carry a call out and the call gives no meaning of its own
// to that: 4xx, 503 and 504 with an error object go to the client as they are (400: a limit of the
// database, 409 that is about no condition: no number is left, 422: the key was used with another
// body), but 413, whose words are about the database's own call; everything else becomes a 500.
Answer pass_on(const DbReply& reply);

// The number, from 0, of the condition that failed in a 409; -1 for every other reply.
int64_t failed_condition(const DbReply& reply);

// The rows of a read's answer. Fails with kCorrupt where the body is no array.
Result<wire::Json::Array> rows_of(std::string_view body);

// Members of a row by type; kCorrupt, naming the column, where it is missing or of another type.
Result<int64_t> integer_of(const wire::Json& row, std::string_view column);
Result<std::string> text_of(const wire::Json& row, std::string_view column);

}  // namespace tandem::rides
