// From an HTTP request to a call of the database and back: what every handler of the ride-share
// services does between parsing and answering.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "http/request.h"
#include "http/responder.h"
#include "rides/answer.h"
#include "rideshare/db_client.h"

namespace tandem::rideshare {

// What a read passes on: ?consistency=, X-Db-Index, X-Request-Id; what a write does:
// Idempotency-Key and X-Request-Id (http/call_request.h). They hold views of the request.
Result<CallOptions> read_options(const http::Request& request);
Result<CallOptions> write_options(const http::Request& request);

// A read that takes several calls, page by page or in another size, all with the options of the
// request that wants it.
class LongRead {
 public:
  // `db` outlives this; the options' text is copied.
  LongRead(DbClient& db, const CallOptions& options)
      : db_(db),
        request_id_(options.request_id),
        consistency_(options.consistency),
        min_index_(options.min_index) {}

  // `done` may own this object, and may be called before this returns.
  void ask(std::string_view body, DbClient::Completion done) const;
  // An answer was of this index: a session never goes back, so no later page may be older.
  void saw(uint64_t index) { min_index_ = std::max(min_index_, index); }

 private:
  DbClient& db_;
  const std::string request_id_;
  const wire::Consistency consistency_;
  uint64_t min_index_;
};

// Sends an answer, with X-Db-Index where the database gave an index, and Retry-After with a 503.
void send(http::Responder& responder, const rides::Answer& answer, uint64_t index = 0);
// Where a call to the database failed.
void send(http::Responder& responder, const Error& error);
// Where the request itself is at fault, and says so: kTooLarge names the bound that it is beyond.
void refuse(http::Responder& responder, const Error& error);

// Makes the answer of a call out of the database's.
using AnswerOf = UniqueFunction<rides::Answer(const rides::DbReply&)>;

// Calls the database with a request's options and answers the request.
void answer_read(DbClient& db, const http::Request& request, std::string_view body,
                 http::Responder responder, AnswerOf answer_of);
void answer_write(DbClient& db, const http::Request& request, std::string_view body,
                  http::Responder responder, AnswerOf answer_of);

// For a request that could not be carried out now, but whose key may say that it was before:
// answers what it was answered then, `otherwise` where it was not. REQUIRES: options.key is not
// empty.
void answer_repeated(DbClient& db, const CallOptions& options, std::string_view body,
                     http::Responder responder, AnswerOf answer_of, rides::Answer otherwise);

// The completion of such a call, for calls that take more than one step.
DbClient::Completion answer_with(http::Responder responder, AnswerOf answer_of);

// The answer was larger than a message between the processes may be: ask for less.
bool is_too_large(const Result<wire::Response>& result);

}  // namespace tandem::rideshare
