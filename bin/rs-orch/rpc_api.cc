#include "rpc_api.h"

#include <string>
#include <utility>

#include "http/responder.h"
#include "wire/envelope.h"
#include "wire/error_body.h"
#include "wire/frame.h"

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

RpcApi::RpcApi(loop::Loop& loop, const std::string& url, Orchestrator& orchestrator,
               http::BufferBudget& buffers)
    : orchestrator_(orchestrator),
      buffers_(buffers),
      server_(loop, rpc::ServerOptions{.url = url, .max_message_bytes = wire::kMaxMessageBytes},
              *this) {}

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
  if (request.method == wire::Method::kPing) {
    const Status ready = orchestrator_.readiness();
    const std::string body = ready ? std::string() : wire::error_body(503, ready.error().message);
    return answer(reply, wire::Response{static_cast<uint16_t>(ready ? 200 : 503), 0, body});
  }
  const size_t bytes = http::BufferBudget::held_by(request.body);
  if (!buffers_.has_room(0, bytes)) {
    buffers_.on_refused();
    const std::string body = wire::error_body(503, http::kNoRoom);
    return answer(reply, wire::Response{503, 0, body});
  }
  switch (request.method) {
    case wire::Method::kDbRead:
      return orchestrator_.read(request, answer_with(std::move(reply), bytes));
    // Not as a read, which autoscaling counts.
    case wire::Method::kDbRepeated:
    case wire::Method::kDbWrite:
      return orchestrator_.write(request, answer_with(std::move(reply), bytes));
    case wire::Method::kDbClear:
      return orchestrator_.clear(request, request.body, answer_with(std::move(reply), bytes));
    default:
      reply.fail(Error{ErrorKind::kBadInput, "no such method"});
  }
}

group::Gateway::Done RpcApi::answer_with(rpc::Reply reply, size_t bytes) {
  buffers_.change(0, bytes);
  return [this, bytes, reply = std::move(reply)](const wire::Response& response) mutable {
    buffers_.change(bytes, 0);
    answer(reply, response);
  };
}

}  // namespace tandem::orch
