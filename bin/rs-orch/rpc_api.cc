#include "rpc_api.h"

#include <string>
#include <utility>

#include "http/responder.h"
#include "wire/envelope.h"

namespace tandem::orch {
namespace {

constexpr uint64_t kDrainMs = 1000;

void answer(rpc::Reply& reply, const wire::Response& response) {
  std::string bytes;
  if (response.shared_body.empty()) {
    wire::encode(response, bytes);
  } else {
    wire::encode_head(response, bytes);
  }
  reply.answer(bytes, response.shared_body);
}

}  // namespace

RpcApi::RpcApi(loop::Loop& loop, const std::string& url, Orchestrator& orchestrator)
    : orchestrator_(orchestrator),
      server_(loop, rpc::ServerOptions{.url = url, .max_message_bytes = size_t{16} << 20}, *this) {}

void RpcApi::start(UniqueFunction<void(Status)> done) {
  Status started = server_.start();
  if (!started && started.error().kind == ErrorKind::kBusy) {
    started.error().message +=
        ": another rs-orch serves there; one that stands by beside it has an rpc.url and an "
        "http.port of its own, see 'Several orchestrators' in rs-orch(8)";
  }
  done(std::move(started));
}

void RpcApi::drain(UniqueFunction<void()> done) {
  server_.close_gracefully(kDrainMs, std::move(done));
}

void RpcApi::on_call(rpc::Reply reply, std::string_view payload) {
  wire::Request request;
  if (!wire::decode(payload, request)) {
    reply.fail(Error{ErrorKind::kBadInput, "malformed request"});
    return;
  }
  switch (request.method) {
    case wire::Method::kPing: {
      const Status ready = orchestrator_.readiness();
      const std::string body = ready ? std::string() : http::error_body(503, ready.error().message);
      answer(reply, wire::Response{static_cast<uint16_t>(ready ? 200 : 503), 0, body});
      return;
    }
    case wire::Method::kDbRead:
      orchestrator_.read(request, [reply = std::move(reply)](const wire::Response& r) mutable {
        answer(reply, r);
      });
      return;
    // Not as a read, which autoscaling counts.
    case wire::Method::kDbRepeated:
    case wire::Method::kDbWrite:
      orchestrator_.write(request, [reply = std::move(reply)](const wire::Response& r) mutable {
        answer(reply, r);
      });
      return;
    case wire::Method::kDbClear:
      orchestrator_.clear(
          request, request.body,
          [reply = std::move(reply)](const wire::Response& r) mutable { answer(reply, r); });
      return;
    default:
      reply.fail(Error{ErrorKind::kBadInput, "no such method"});
  }
}

}  // namespace tandem::orch
