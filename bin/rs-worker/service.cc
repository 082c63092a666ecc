#include "service.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "base/log.h"
#include "http/responder.h"
#include "wire/bytes.h"
#include "wire/json.h"

namespace tandem::worker {
namespace {

constexpr uint64_t kDrainMs = 500;
constexpr std::string_view kIpc = "ipc://";
constexpr size_t kMaxMessageBytes = size_t{16} << 20;

void answer(rpc::Reply& reply, uint16_t status, uint64_t index, std::string_view body) {
  std::string bytes;
  wire::encode(wire::Response{status, index, body}, bytes);
  reply.answer(bytes);
}

// To rs-orch 503 means that nothing was done, 504 that the outcome is not known.
uint16_t status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUnknown:
      return 504;
    case ErrorKind::kTimeout:
      return 503;  // of a read that waited: nothing was done
    case ErrorKind::kNoSpace:
      return 507;
    default:
      return static_cast<uint16_t>(http::status_of(kind));
  }
}

void answer_error(rpc::Reply& reply, const Error& error) {
  const uint16_t status = status_of(error.kind);
  answer(reply, status, 0, http::error_body(status, error.message));
}

bool is_method(std::string_view payload, wire::Method method) {
  wire::ByteReader reader(payload);
  return reader.u16() == static_cast<uint16_t>(method) && reader.ok();
}

}  // namespace

Service::Service(loop::Loop& loop, const std::string& url, db::Database& database,
                 replica::Driver& replica, OrphanWatch& orphan_watch)
    : url_(url),
      database_(database),
      replica_(replica),
      orphan_watch_(orphan_watch),
      server_(loop, rpc::ServerOptions{.url = url, .max_message_bytes = kMaxMessageBytes}, *this) {}

void Service::start(UniqueFunction<void(Status)> done) {
  // The replica's directory is locked by this process by now: a socket file that is still there is
  // that of a worker that died, whatever the kernel has yet to clean up after it.
  if (url_.starts_with(kIpc)) unlink(url_.substr(kIpc.size()).c_str());
  Status started = server_.start();
  if (started) replica_.announce(server_.url());
  done(std::move(started));
}

void Service::drain(UniqueFunction<void()> done) {
  server_.close_gracefully(kDrainMs, std::move(done));
}

void Service::on_message(rpc::Peer, std::string_view payload) {
  if (is_method(payload, wire::Method::kPeer)) replica_.on_peer(payload.substr(2));
}

void Service::on_call(rpc::Reply reply, std::string_view payload) {
  if (is_method(payload, wire::Method::kControl)) {
    orphan_watch_.heard();
    replica_.on_control(std::move(reply), payload.substr(2));
    return;
  }
  wire::Request request;
  if (!wire::decode(payload, request)) {
    reply.fail(Error{ErrorKind::kBadInput, "malformed request"});
    return;
  }
  log::debug("asked",
             {{"method", static_cast<int>(request.method)}, {"request_id", request.request_id}});
  switch (request.method) {
    case wire::Method::kDbRead:
      read(std::move(reply), request);
      return;
    case wire::Method::kDbWrite:
      write(std::move(reply), request);
      return;
    case wire::Method::kDbClear:
      log_command(std::move(reply), request, R"({"clear":true})");
      return;
    case wire::Method::kDbSchema:
      set_schema(std::move(reply), request);
      return;
    case wire::Method::kWorkerInfo:
      info(std::move(reply));
      return;
    case wire::Method::kPing:
      answer(reply, 200, replica_.applied_index(), {});
      return;
    default:
      reply.fail(Error{ErrorKind::kBadInput, "no such method"});
  }
}

void Service::read(rpc::Reply reply, const wire::Request& request) {
  ++reads_;
  replica_.when_readable(
      request.consistency, request.min_index, request.budget_ms,
      [this, reply = std::move(reply), query = std::string(request.body)](Status readable) mutable {
        if (!readable) {
          answer_error(reply, readable.error());
          return;
        }
        const auto rows = database_.query(query);
        if (!rows) {
          answer_error(reply, rows.error());
          return;
        }
        answer(reply, 200, replica_.applied_index(), *rows);
      });
}

// The schema and clearing have methods of their own: a client's write is neither.
void Service::write(rpc::Reply reply, const wire::Request& request) {
  if (!replica_.takes_writes()) {
    answer_error(reply, Error{ErrorKind::kUnavailable, "this replica does not take writes"});
    return;
  }
  auto command = database_.check_change(request.body);
  if (!command) {
    answer_error(reply, command.error());
    return;
  }
  log_command(std::move(reply), request, std::move(*command));
}

void Service::set_schema(rpc::Reply reply, const wire::Request& request) {
  if (!replica_.takes_writes()) {
    answer_error(reply, Error{ErrorKind::kUnavailable, "this replica does not take writes"});
    return;
  }
  auto command = database_.check_command(request.body);
  if (!command) {
    answer_error(reply, command.error());
    return;
  }
  log_command(std::move(reply), request, std::move(*command));
}

void Service::log_command(rpc::Reply reply, const wire::Request& request, std::string command) {
  ++writes_;
  replica_.write(std::move(command), request.key, request.budget_ms,
                 [reply = std::move(reply)](Result<replica::Written> written) mutable {
                   if (!written) {
                     answer_error(reply, written.error());
                     return;
                   }
                   answer(reply, written->answer.status, written->index, written->answer.body);
                 });
}

void Service::info(rpc::Reply reply) {
  wire::Json json = replica_.status();
  json.set("reads", reads_);
  json.set("writes", writes_);
  answer(reply, 200, replica_.applied_index(), json.dump());
}

}  // namespace tandem::worker
