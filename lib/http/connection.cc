#include "http/connection.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "http/form.h"
#include "http/health.h"
#include "wire/error_body.h"

namespace tandem::http {
namespace {

// While a request is being handled, this much of what follows is read, to notice that the client
// goes; the rest waits in the kernel.
constexpr size_t kReadAheadBytes = 4 << 10;
constexpr size_t kRequestsInTurn = 64;
constexpr std::string_view kTooMany = "too many connections";
// All connections together; beyond it each of them reads a little, once. Bodies come as fast as
// they are taken in, from any number of clients.
constexpr size_t kReadBytesInTurn = 2 << 20;

void write_hex(uint64_t id, char (&out)[16]) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (size_t i = sizeof out; i-- > 0; id >>= 4) out[i] = kDigits[id & 15];
}

bool has_no_body(int status) { return status == 204 || status == 304; }

}  // namespace

void Connection::clear(std::string& text, size_t kept_bytes) {
  text.clear();
  if (text.capacity() > kept_bytes) std::string().swap(text);
}

Connection::Connection(ConnectionHost& host, loop::TcpStream stream)
    : host_(host), stream_(std::move(stream)), parser_(host.limits) {}

void Connection::start() {
  peer_ = stream_.peer();
  stream_.start(*this);
  update_wait();
}

void Connection::start_as_guest() {
  is_guest_ = true;
  start();
}

// --- Input

std::span<char> Connection::read_buffer() {
  const std::span<char> all(host_.read_buffer);
  const bool enough = host_.read_in_turn >= kReadBytesInTurn;
  const bool again = std::exchange(read_turn_, host_.turn) == host_.turn;
  if (enough && again) return {};
  return enough || busy() ? all.first(kReadAheadBytes) : all;
}

void Connection::on_read(std::string_view bytes) {
  host_.read_in_turn += bytes.size();
  if (phase_ != Phase::kOpen) return;
  if (busy() || has_input()) {
    keep(bytes);
  } else {
    const size_t used = parse(bytes);
    if (used < bytes.size() && phase_ == Phase::kOpen) keep(bytes.substr(used));
    update_wait();
  }
  count_held();
}

void Connection::keep(std::string_view bytes) {
  input_ += bytes;
  stream_.pause_reading();
  reading_paused_ = true;
}

void Connection::on_end() {
  peer_ended_ = true;
  // A peer that ended in the middle of an event stream has gone: it has nothing left to ask.
  if (phase_ == Phase::kLingering || streaming_) return die();
  touch();
}

void Connection::on_broken(int /*uv_code*/) { die(); }

size_t Connection::parse(std::string_view bytes) {
  size_t total = 0;
  bool goes_on = true;  // everybody has one request in each turn of the loop, and few have many
  while (goes_on && total < bytes.size() && phase_ == Phase::kOpen && !busy() &&
         has_output_room()) {
    size_t used = 0;
    switch (parser_.feed(bytes.substr(total), used)) {
      case RequestParser::Outcome::kMore:
        total = bytes.size();
        if (parser_.take_wants_continue()) {
          out_ += "HTTP/1.1 100 Continue\r\n\r\n";
          touch();
        }
        count_held();
        if (!host_.buffers.has_room(held_bytes_, 0)) {
          host_.buffers.on_refused();
          refuse(503, kNoRoom);
        }
        break;
      case RequestParser::Outcome::kComplete:
        total += used;
        goes_on = ++host_.requests_in_turn < kRequestsInTurn;
        handle_request();
        break;
      case RequestParser::Outcome::kFailed:
        if (parser_.failure().status == 501 && parser_.request().method == Method::kOther) {
          refuse_unknown_method();
        } else {
          refuse(parser_.failure().status, parser_.failure().message);
        }
        break;
    }
  }
  return total;
}

void Connection::proceed() {
  if (phase_ != Phase::kOpen || busy() || !reading_paused_) return;
  if (has_input()) {
    input_used_ += parse(std::string_view(input_).substr(input_used_));
    if (phase_ != Phase::kOpen) return;
    if (!has_input()) {
      clear(input_, kKeptBytes);
      input_used_ = 0;
    }
  }
  if (reading_paused_ && !has_input()) {
    reading_paused_ = false;
    stream_.resume_reading();
  }
  update_wait();
  count_held();
}

// --- Requests

void Connection::begin_exchange() {
  const Request& request = parser_.request();
  route_ = nullptr;
  pattern_ = {};
  keep_alive_ = parser_.keep_alive() && !is_guest_;
  is_head_ = request.method == Method::kHead;
  chunked_ = !parser_.is_http_10();
  origin_ = allowed_origin(host_.policy, request);
  request_id_ = request.request_id.empty() ? request.trace_id : request.request_id;
  if (request_id_.empty()) {
    write_hex(random_id(), made_id_);
    request_id_ = {made_id_, sizeof made_id_};
  }
  received_ns_ = system_clock().boot_ns();
  awaiting_ = true;
}

void Connection::handle_request() {
  begin_exchange();
  wait_ = Wait::kNothing;
  Request& request = parser_.request();
  const Router::Match match =
      host_.router.match(request.method, request.path, request.params, decoded_path_);
  pattern_ = match.pattern;
  if (admit(match)) dispatch(match);
  if (!busy() && phase_ == Phase::kOpen) parser_.next();
}

// False where it has been answered: there is no room for it, it is for another server, or from a
// page that must not.
bool Connection::admit(const Router::Match& match) {
  const Request& request = parser_.request();
  const bool is_health = is_health_pattern(match.pattern);
  if (is_guest_ && !is_health) {
    turn_away();
    return false;
  }
  if (!is_health && !host_.buffers.has_room(held_bytes_, 0)) {
    host_.buffers.on_refused();
    answer_error(503, kNoRoom);
    return false;
  }
  if (!is_health && !knows_host(host_.policy, request)) {
    answer_error(421, "this server is not the host that was asked, see http.hosts");
    return false;
  }
  const bool reads = request.method == Method::kGet || request.method == Method::kHead ||
                     request.method == Method::kOptions;
  if (reads || may_change(host_.policy, request)) return true;
  answer_error(403, "a page of another origin may not do this, see http.origins");
  return false;
}

void Connection::dispatch(const Router::Match& match) {
  switch (match.kind) {
    case Router::Match::Kind::kRoute:
      call_handler(match);
      break;
    case Router::Match::Kind::kNoPath:
      answer_error(404, "no such path");
      break;
    case Router::Match::Kind::kNoMethod:
      answer_error(405, "the path does not have this method", match.allow);
      break;
    case Router::Match::Kind::kOptions:
      answer_options(match.allow);
      break;
    case Router::Match::Kind::kMalformed:
      answer_error(400, match.reason);
      break;
  }
}

// Also what a browser asks before a page of an allowed origin may send its request.
void Connection::answer_options(std::string_view allow) {
  const NameValue headers[] = {
      {"Allow", allow},
      {"Access-Control-Allow-Methods", allow},
      {"Access-Control-Allow-Headers",
       "Content-Type, Idempotency-Key, X-Db-Index, X-Request-Id, Prefer, Last-Event-ID, "
       "traceparent"},
      {"Access-Control-Max-Age", "600"}};
  const size_t count = origin_.empty() ? 1 : std::size(headers);
  answer({.status = 204, .content_type = {}, .body = {}, .headers = {headers, count}});
}

void Connection::call_handler(const Router::Match& match) {
  Request& request = parser_.request();
  route_ = match.route;
  request.request_id = request_id_;
  request.received_ns = received_ns_;
  request.peer = peer_;
  request.query.clear();
  if (request.path.size() < request.target.size()) {
    const std::string_view query = request.target.substr(request.path.size() + 1);
    const Status parsed = parse_form(query, decoded_query_, request.query);
    if (!parsed) return answer_error(status_of(parsed.error().kind), parsed.error().message);
  }
  in_handler_ = true;
  match.route->handler(request, Responder(*this));
  in_handler_ = false;
  if (!awaiting_) return;
  // The handler has made its own of the body.
  handled_bytes_ = BufferBudget::held_by(request.body);
  parser_.drop_body();
}

void Connection::answer(const Response& response) {
  if (!awaiting_) return;  // the client went while the answer was made
  if (response.status < 200 || response.status > 599 ||
      !is_safe(response.content_type, response.headers)) {
    log::error("an answer has a bad status or header",
               {{"pattern", pattern_}, {"status", response.status}});
    return answer_error(500, "internal error");
  }
  if (has_room_for(response)) return write_answer(response);
  host_.drop_slow_reader();
  if (phase_ == Phase::kDead) return;  // it took longest itself, for an earlier one
  if (has_room_for(response)) return write_answer(response);
  host_.buffers.on_refused();
  const bool reads = route_ == nullptr || route_->effect == Effect::kReads;
  if (reads) return answer_error(503, kNoRoom);
  answer_error(504,
               "there is no room for the answer, see http.max_buffered: what was asked may have "
               "been done");
}

void Connection::abandon() {
  if (!awaiting_) return;
  log::error("a request was dropped without an answer",
             {{"pattern", pattern_}, {"request_id", request_id_}});
  answer_error(500, "internal error");
}

void Connection::answer_error(int status, std::string_view message, std::string_view allow) {
  const std::string body = wire::error_body(status, message);
  NameValue headers[2];
  size_t count = 0;
  if (!allow.empty()) headers[count++] = {"Allow", allow};
  if (status == 503) headers[count++] = {"Retry-After", "1"};
  write_answer(
      {.status = status, .content_type = kJsonType, .body = body, .headers = {headers, count}});
}

std::string_view Connection::connection_header() const {
  if (!keep_alive_) return "close";
  return parser_.is_http_10() ? "keep-alive" : "";
}

// But for its length.
ResponseHead Connection::head_of_answer(int status, std::string_view content_type,
                                        std::span<const NameValue> extra) const {
  return {.status = status,
          .content_type = content_type,
          .connection = connection_header(),
          .date_line = host_.date.at(host_.loop.now_ms()),
          .request_id = request_id_,
          .origin = origin_,
          .varies = !host_.policy.origins.empty(),
          .extra = extra};
}

void Connection::write_answer(const Response& response) {
  keep_alive_ = keep_alive_ && !host_.draining;
  handled_bytes_ = 0;
  const size_t before = out_.size();
  const bool bodiless = has_no_body(response.status);
  ResponseHead head = head_of_answer(
      response.status, bodiless ? std::string_view() : response.content_type, response.headers);
  head.length = bodiless ? ResponseHead::Length::kNone : ResponseHead::Length::kGiven;
  head.content_length = response.body.size();
  append_head(out_, head);
  const size_t head_bytes = out_.size() - before;
  const std::string_view body = is_head_ || bodiless ? std::string_view() : response.body;
  finish_request(response.status, head_bytes + body.size());
  put_body(body, response.shared_body);
  if (phase_ == Phase::kDead) return;
  if (!keep_alive_) phase_ = Phase::kClosing;
  if (!in_handler_ && phase_ == Phase::kOpen) parser_.next();
  count_held();
}

void Connection::finish_request(int status, size_t bytes) {
  awaiting_ = false;
  if (host_.observer != nullptr) {
    const Request& request = parser_.request();
    host_.observer->on_finished({.route = route_,
                                 .pattern = pattern_,
                                 .method = request.method,
                                 .target = request.target,
                                 .request_id = request_id_,
                                 .trace_id = request.trace_id,
                                 .status = status,
                                 .duration_ns = system_clock().boot_ns() - received_ns_,
                                 .bytes = bytes});
  }
  touch();
}

void Connection::refuse(int status, std::string_view message) {
  // Nothing of the request is to be relied on, whatever has been read of it.
  parser_.request() = Request{.method = Method::kOther};
  parser_.trim();
  begin_exchange();
  keep_alive_ = false;
  // But that: whoever asked by HEAD reads no body (RFC 9110, 9.3.2).
  is_head_ = parser_.is_head();
  answer_error(status, message);
}

void Connection::turn_away() {
  ++host_.turned_away;
  answer_error(503, kTooMany);
}

void Connection::refuse_unknown_method() {
  begin_exchange();
  keep_alive_ = false;
  Request& request = parser_.request();
  const Router::Match match =
      host_.router.match(Method::kOther, request.path, request.params, decoded_path_);
  pattern_ = match.pattern;
  if (match.kind == Router::Match::Kind::kNoMethod) {
    answer_error(405, "the path does not have this method", match.allow);
  } else if (match.kind == Router::Match::Kind::kMalformed) {
    answer_error(400, match.reason);
  } else {
    answer_error(404, "no such path");
  }
}

// --- Life

void Connection::update_wait() {
  if (phase_ == Phase::kDead) return;
  Wait wait = Wait::kNextRequest;
  uint64_t timeout_ms = host_.limits.idle_timeout_ms;
  if (phase_ == Phase::kLingering) {
    wait = Wait::kLinger;
    timeout_ms = host_.limits.linger_timeout_ms;
  } else if (write_pending_) {
    wait = Wait::kWriting;
    timeout_ms = host_.limits.write_timeout_ms;
  } else if (busy() || phase_ != Phase::kOpen) {
    wait = Wait::kNothing;
    timeout_ms = 0;
  } else if (parser_.started()) {
    wait = Wait::kRequest;
    timeout_ms = host_.limits.request_timeout_ms;
  } else if (parser_.passed_blank_lines()) {
    wait = Wait::kAfterBlankLines;
    timeout_ms = std::min(timeout_ms, host_.limits.request_timeout_ms);
  }
  // Its place is for the next one who asks for health, and whoever asks has the question ready.
  if (is_guest_ &&
      (wait == Wait::kNextRequest || wait == Wait::kAfterBlankLines || wait == Wait::kRequest)) {
    timeout_ms = std::min(timeout_ms, host_.limits.head_time_ms);
  }
  // A deadline counts from the start of the wait: input that completes nothing does not move it.
  if (wait == wait_ && deadline_ms_ != 0) return;
  wait_ = wait;
  deadline_ms_ = timeout_ms == 0 ? 0 : host_.loop.now_ms() + timeout_ms;
  if (wait == Wait::kWriting) pending_at_deadline_ = pending_bytes();
}

void Connection::check_deadline(uint64_t now_ms) {
  if (deadline_ms_ == 0 || now_ms < deadline_ms_ || phase_ == Phase::kDead) return;
  deadline_ms_ = 0;
  if (is_waiting_guest() && wait_ != Wait::kWriting) {
    ++host_.turned_away;
    return refuse(503, kTooMany);
  }
  switch (wait_) {
    case Wait::kRequest:
      return refuse(408, "the request came too slowly");
    case Wait::kWriting:
      // Slow is allowed, stuck is not.
      if (pending_bytes() >= pending_at_deadline_) return die();
      return update_wait();
    case Wait::kNextRequest:
    case Wait::kAfterBlankLines:
    case Wait::kLinger:
      return die();
    case Wait::kNothing:
      return;
  }
}

void Connection::drain() {
  if (phase_ != Phase::kOpen) return;
  if (streaming_) {
    if (stream_is_whole()) return die();
    keep_alive_ = false;
    stream_over_ = true;
    finish_stream();
  } else if (!awaiting_ && !has_input() && !parser_.started()) {
    if (out_.empty() && !write_pending_) return die();
    phase_ = Phase::kClosing;
    touch();
  }
}

void Connection::die() {
  if (phase_ == Phase::kDead) return;
  if (awaiting_) finish_request(kStatusClientGone, 0);
  streaming_ = false;
  phase_ = Phase::kDead;
  host_.buffers.change(std::exchange(held_bytes_, 0), 0);
  stream_.close();
  touch();
}

void Connection::bury() { detach_and_tell(); }

void Connection::touch() {
  if (!touched) host_.touch(*this);
}

}  // namespace tandem::http
