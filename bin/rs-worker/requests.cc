#include "requests.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "export_form.h"
#include "repl/exactly_once.h"
#include "wire/json.h"

namespace tandem::worker {

using replica::answer;
using replica::answer_error;
using replica::answer_large;

namespace {

constexpr int64_t kNsPerMs = 1'000'000;

// It was not let into the log, for what it is or what it would cost now.
bool is_not_admitted(const Error& error) {
  return error.kind == ErrorKind::kBadInput || error.kind == ErrorKind::kTooLarge ||
         error.message.starts_with(repl::kTooManyKeys);
}

}  // namespace

Requests::Requests(const Backend& backend, Queries& queries, replica::Host& replica,
                   OrphanWatch& orphan_watch)
    : backend_(backend),
      queries_(queries),
      group_(replica.group()),
      replica_(replica.driver()),
      orphan_watch_(orphan_watch) {}

void Requests::on_request(rpc::Reply reply, const wire::Request& request) {
  switch (request.method) {
    case wire::Method::kDbRead:
      read(std::move(reply), request);
      return;
    // The schema and clearing have methods of their own: a client's write is neither.
    case wire::Method::kDbWrite:
      change(std::move(reply), request, &Backend::check_change);
      return;
    case wire::Method::kDbRepeated:
      repeated(std::move(reply), request);
      return;
    case wire::Method::kDbClear:
      log_command(std::move(reply), request, R"({"clear":true})");
      return;
    case wire::Method::kDbSchema:
      change(std::move(reply), request, &Backend::check_command);
      return;
    default:
      replica::refuse_method(reply);
  }
}

void Requests::read(rpc::Reply reply, const wire::Request& request) {
  ++reads_;
  Read read;
  read.query = request.body;
  read.deadline_ns = system_clock().boot_ns() + int64_t{request.budget_ms} * kNsPerMs;
  read.may_be_old = request.consistency == wire::Consistency::kEventual ||
                    request.consistency == wire::Consistency::kSession;
  replica_.when_readable(
      request.consistency, request.min_index, request.budget_ms,
      [this, reply = std::move(reply), read = std::move(read)](const Status& readable) mutable {
        if (!readable) return answer_error(reply, readable.error());
        answer_read(std::move(reply), std::move(read));
      });
}

void Requests::answer_read(rpc::Reply reply, Read read) {
  const rpc::Peer peer = reply.peer();
  const int64_t deadline_ns = read.deadline_ns;
  // Kept where it may be read once more.
  const std::string query = read.may_be_old ? read.query : std::move(read.query);
  queries_.read(query, peer, deadline_ns,
                [this, reply = std::move(reply), read = std::move(read)](Result<std::string> rows,
                                                                         uint64_t index) mutable {
                  if (rows) return answer_large(reply, 200, index, *std::move(rows));
                  if (read.may_be_old && rows.error().kind == ErrorKind::kBadInput) {
                    return read_anew(std::move(reply), std::move(read));
                  }
                  answer_error(reply, rows.error());
                });
}

// A state that may be old may lack the tables and columns that others have: nobody is told by it that
// there are none.
void Requests::read_anew(rpc::Reply reply, Read read) {
  const int64_t left_ms = (read.deadline_ns - system_clock().boot_ns()) / kNsPerMs;
  read.may_be_old = false;
  replica_.when_readable(
      wire::Consistency::kLinearizable, 0, static_cast<uint32_t>(std::max<int64_t>(left_ms, 0)),
      [this, reply = std::move(reply), read = std::move(read)](const Status& readable) mutable {
        if (!readable) return answer_error(reply, readable.error());
        answer_read(std::move(reply), std::move(read));
      });
}

// False: the client has its answer.
bool Requests::takes_writes(rpc::Reply& reply) const {
  if (replica_.takes_writes()) return true;
  answer_error(reply, Error{ErrorKind::kUnavailable, "this replica does not take writes"});
  return false;
}

void Requests::change(rpc::Reply reply, const wire::Request& request, Check check) {
  if (!takes_writes(reply)) return;
  auto command = (backend_.*check)(request.body);
  if (!command) return answer_error(reply, command.error());
  log_command(std::move(reply), request, std::move(*command));
}

// After all that is in the log now, committed or not: the first request may be among it, and be
// carried out after somebody was told that it was not.
void Requests::repeated(rpc::Reply reply, const wire::Request& request) {
  if (!takes_writes(reply)) return;
  replica_.when_logged_is_readable(
      request.budget_ms, [this, reply = std::move(reply), body = std::string(request.body),
                          key = std::string(request.key)](Status readable) mutable {
        if (!readable) return answer_error(reply, readable.error());
        answer_as_first(std::move(reply), body, key,
                        {ErrorKind::kNotFound, "nothing was done with this key"});
      });
}

void Requests::answer_as_first(rpc::Reply reply, const std::string& body, const std::string& key,
                               Error otherwise) {
  const auto command = backend_.check_change(body);
  if (!command) return answer_error(reply, command.error());
  using First = Result<std::optional<repl::Applied>>;
  replica_.first_answer(*command, key,
                        [this, reply = std::move(reply),
                         otherwise = std::move(otherwise)](const First& first) mutable {
                          if (!first) return answer_error(reply, first.error());
                          if (!*first) return answer_error(reply, otherwise);
                          answer(reply, (*first)->status, replica_.applied_index(), (*first)->body);
                        });
}

void Requests::log_command(rpc::Reply reply, const wire::Request& request, std::string command) {
  ++writes_;
  replica_.write(std::move(command), request.key, request.budget_ms,
                 [this, reply = std::move(reply), body = std::string(request.body),
                  key = std::string(request.key),
                  budget_ms = request.budget_ms](Result<repl::Written> written) mutable {
                   if (written) {
                     answer(reply, written->answer.status, written->index, written->answer.body);
                   } else if (is_not_admitted(written.error()) && !key.empty()) {
                     answer_if_known(std::move(reply), std::move(body), std::move(key), budget_ms,
                                     std::move(written.error()));
                   } else {
                     answer_error(reply, written.error());
                   }
                 });
}

// What is refused now may have been carried out before, when there was less to look at; whether it
// was may be known to the engine alone.
void Requests::answer_if_known(rpc::Reply reply, std::string body, std::string key,
                               uint32_t budget_ms, Error refusal) {
  replica_.when_logged_is_readable(
      budget_ms, [this, reply = std::move(reply), body = std::move(body), key = std::move(key),
                  refusal = std::move(refusal)](const Status& readable) mutable {
        if (!readable) return answer_error(reply, refusal);
        answer_as_first(std::move(reply), body, key, std::move(refusal));
      });
}

void Requests::add_info(wire::Json& info) const {
  info.set("tables", backend_.kind());
  info.set("reads", reads_);
  info.set("writes", writes_);
  info.set("large_reads", queries_.large_reads());
}

std::unique_ptr<replica::SpoolForm> Requests::export_form(const repl::Picture& picture) const {
  return std::make_unique<ExportForm>(group_, picture);
}

}  // namespace tandem::worker
