#include "replica/endpoint.h"

#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/responder.h"
#include "wire/bytes.h"
#include "wire/error_body.h"
#include "wire/frame.h"
#include "wire/status.h"

namespace tandem::replica {
namespace {

constexpr uint64_t kDrainMs = 500;
// For requests in a turn of the loop: what comes from other replicas, and timers, come by again and
// again.
constexpr int64_t kTurnNs = 4'000'000;
constexpr size_t kMaxWaitingBytes = size_t{64} << 20;

bool is_method(std::string_view payload, wire::Method method) {
  wire::ByteReader reader(payload);
  return reader.u16() == static_cast<uint16_t>(method) && reader.ok();
}

// 503 is told by whoever asks: it asks again, here or elsewhere, until it gives up.
void tell_end(const rpc::Reply::Note& note, uint16_t status) {
  if (note.received_ns == 0) return;
  const int64_t took_ns = system_clock().boot_ns() - note.received_ns;
  if (!log::is_worth_telling(status == 503 ? 200 : status, took_ns)) return;
  log::info("a call was answered", {{"method", note.method},
                                    {"status", status},
                                    {"us", took_ns / 1000},
                                    {"request_id", note.request_id}});
}

}  // namespace

void answer(rpc::Reply& reply, uint16_t status, uint64_t index, std::string_view body) {
  tell_end(reply.note, status);
  std::string bytes;
  wire::encode(wire::Response{status, index, body}, bytes);
  reply.answer(bytes);
}

void answer_large(rpc::Reply& reply, uint16_t status, uint64_t index, std::string body) {
  if (body.size() < SharedBytes::kWorthSharing) {
    return answer(reply, status, index, body);
  }
  tell_end(reply.note, status);
  std::string head;
  wire::encode_head(wire::Response{status, index, body}, head);
  reply.answer(head, SharedBytes(std::move(body)));
}

void answer_error(rpc::Reply& reply, const Error& error) {
  const uint16_t status = wire::status_of(error.kind);
  answer(reply, status, 0, wire::error_body(status, error.message));
}

void refuse_method(rpc::Reply& reply) { reply.fail(Error{ErrorKind::kBadInput, "no such method"}); }

Endpoint::Endpoint(loop::Loop& loop, const std::string& url, Host& replica, Methods& methods)
    : replica_(replica),
      methods_(methods),
      exports_(loop, replica),
      turn_ends_(loop, [this] { turn_ns_ = 0; }),
      goes_on_(loop, [this] { new_turn(); }),
      turns_(loop),
      server_(loop, rpc::ServerOptions{.url = url, .max_message_bytes = wire::kMaxMessageBytes},
              *this) {}

void Endpoint::start(UniqueFunction<void(Status)> done) {
  Status started = server_.start();
  if (started) replica_.announce(server_.url());
  done(std::move(started));
}

void Endpoint::drain(UniqueFunction<void()> done) {
  server_.close_gracefully(kDrainMs, std::move(done));
}

void Endpoint::on_message(rpc::Peer, std::string_view payload) {
  if (is_method(payload, wire::Method::kPeer)) replica_.on_peer(payload.substr(2));
}

void Endpoint::on_call(rpc::Reply reply, std::string_view payload) {
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
    answer(reply, 200, replica_.driver().applied_index(), {});
  } else if (request.method == wire::Method::kWorkerInfo) {
    wire::Json info = replica_.status();
    info.set("loop_stall_us", turns_.longest_ns() / 1000);
    methods_.add_info(info);
    answer(reply, 200, replica_.driver().applied_index(), info.dump());
  } else {
    // Not of a poll, which takes as long as nothing happens.
    if (request.method != wire::Method::kCatalogPoll) {
      reply.note = {system_clock().boot_ns(), static_cast<uint16_t>(request.method),
                    std::string(request.request_id)};
    }
    if (!on_export(reply, request)) on_request(std::move(reply), request);
  }
}

// False: it is about something else. Little is done at once.
bool Endpoint::on_export(rpc::Reply& reply, const wire::Request& request) {
  switch (request.method) {
    case wire::Method::kBackup:
      exports_.begin_backup(std::move(reply), request);
      return true;
    case wire::Method::kExportPart:
      exports_.part(std::move(reply), request);
      return true;
    case wire::Method::kDbExport:
      exports_.begin(std::move(reply), request,
                     [this](repl::Picture& picture) -> Result<std::unique_ptr<SpoolForm>> {
                       auto form = methods_.export_form(picture);
                       if (form == nullptr)
                         return fail(ErrorKind::kBadInput, "there are no tables");
                       return form;
                     });
      return true;
    default:
      return false;
  }
}

void Endpoint::on_request(rpc::Reply reply, const wire::Request& request) {
  const int64_t began = system_clock().boot_ns();
  if (waiting_.empty() && turn_ns_ < kTurnNs) {
    methods_.on_request(std::move(reply), request);
    turn_ns_ += system_clock().boot_ns() - began;
    return;
  }
  std::string payload;
  wire::encode(request, payload);
  if (waiting_bytes_ + payload.size() > kMaxWaitingBytes) {
    answer_error(reply, Error{ErrorKind::kUnavailable, "too many requests wait"});
    return;
  }
  waiting_bytes_ += payload.size();
  waiting_.push_back({std::move(reply), std::move(payload), began});
  goes_on_.start();
}

// Nothing was done of what has waited until its end.
void Endpoint::new_turn() {
  const int64_t began = system_clock().boot_ns();
  int64_t now = began;
  while (!waiting_.empty() && turn_ns_ + now - began < kTurnNs) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= next.payload.size();
    wire::Request request;
    CHECK(wire::decode(next.payload, request));
    const int64_t waited_ms = (now - next.since_ns) / 1'000'000;
    if (waited_ms < request.budget_ms) {
      request.budget_ms -= static_cast<uint32_t>(waited_ms);
      methods_.on_request(std::move(next.reply), request);
    } else {
      answer_error(next.reply, Error{ErrorKind::kUnavailable, "the request waited too long"});
    }
    now = system_clock().boot_ns();
  }
  turn_ns_ += now - began;
  if (waiting_.empty()) goes_on_.stop();
}

}  // namespace tandem::replica
