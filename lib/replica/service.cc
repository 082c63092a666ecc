#include "replica/service.h"

#include <utility>

#include "base/log.h"
#include "http/responder.h"
#include "wire/bytes.h"

namespace tandem::replica {
namespace {

constexpr uint64_t kDrainMs = 500;
constexpr size_t kMaxMessageBytes = size_t{16} << 20;

bool is_method(std::string_view payload, wire::Method method) {
  wire::ByteReader reader(payload);
  return reader.u16() == static_cast<uint16_t>(method) && reader.ok();
}

}  // namespace

uint16_t status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUnknown:
      return 504;
    case ErrorKind::kTimeout:
      return 503;  // of a read that waited: nothing was done
    case ErrorKind::kNoSpace:
      return 507;
    case ErrorKind::kBusy:
      return 429;  // of one asker too many: asking at once again does not help
    default:
      return static_cast<uint16_t>(http::status_of(kind));
  }
}

void answer(rpc::Reply& reply, uint16_t status, uint64_t index, std::string_view body) {
  std::string bytes;
  wire::encode(wire::Response{status, index, body}, bytes);
  reply.answer(bytes);
}

void answer_error(rpc::Reply& reply, const Error& error) {
  const uint16_t status = status_of(error.kind);
  answer(reply, status, 0, http::error_body(status, error.message));
}

void refuse_method(rpc::Reply& reply) { reply.fail(Error{ErrorKind::kBadInput, "no such method"}); }

Service::Service(loop::Loop& loop, const std::string& url, Driver& replica, Methods& methods)
    : replica_(replica),
      methods_(methods),
      server_(loop, rpc::ServerOptions{.url = url, .max_message_bytes = kMaxMessageBytes}, *this) {}

void Service::start(UniqueFunction<void(Status)> done) {
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
    methods_.on_asked_by_controller();
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
  if (request.method == wire::Method::kPing) {
    answer(reply, 200, replica_.applied_index(), {});
  } else if (request.method == wire::Method::kWorkerInfo) {
    wire::Json info = replica_.status();
    methods_.add_info(info);
    answer(reply, 200, replica_.applied_index(), info.dump());
  } else {
    methods_.on_request(std::move(reply), request);
  }
}

}  // namespace tandem::replica
