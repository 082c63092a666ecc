#include "consulhost/http_transport.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/number.h"

namespace tandem::consulhost {
namespace {

// What an agent does with a connection that is one too many, it does as soon as it is there.
constexpr uint64_t kAtOnceMs = 200;
constexpr int kBadRequest = 400;
constexpr int kForbidden = 403;
constexpr int kTooManyRequests = 429;
constexpr uint64_t kReadTokenEveryMs = 1000;

constexpr std::string_view kLimit =
    "more connections from this host than its limits.http_max_conns_per_client (200 where it is "
    "not "
    "set) allows";

// It answers 429 for other things, too: a service that warns.
bool too_many_connections(const fetch::Answer& answer) {
  return answer.status == kTooManyRequests &&
         answer.body.find("too many concurrent connections") != std::string::npos;
}

// What Go's servers and nginx say, which others do not: they close the connection.
bool wants_https(const fetch::Answer& answer) {
  return answer.status == kBadRequest &&
         (answer.body.find("HTTP request to an HTTPS server") != std::string::npos ||
          answer.body.find("HTTP request was sent to HTTPS port") != std::string::npos);
}

}  // namespace

HttpTransport::HttpTransport(loop::Loop& loop, TransportOptions options)
    : loop_(loop),
      options_(std::move(options)),
      refuses_(loop, [this] { refuse_now(); }),
      fetcher_(loop,
               {.max_in_flight = options_.max_in_flight, .max_body = options_.max_answer_bytes}) {
  CHECK(!options_.addresses.empty());
  has_answered_.resize(options_.addresses.size());
}

uint64_t HttpTransport::send(consul::Call call, Done done) {
  const uint64_t number = ++last_number_;
  Sending& sending = sending_[number];
  sending.call = std::move(call);
  sending.done = std::move(done);
  sending.address = first_;
  sending.began_ms = loop_.now_ms();
  if (pausing()) {
    refuse_later(sending, {ErrorKind::kUnavailable, last_failure_.message});
  } else {
    ask(number, sending);
  }
  return number;
}

void HttpTransport::cancel(uint64_t number) {
  const auto found = sending_.find(number);
  if (found == sending_.end()) return;
  if (found->second.fetching) fetcher_.cancel(*found->second.fetching);
  sending_.erase(found);
}

// Several calls may learn the same of one agent: only who was answered by the one that is first now
// can say that it is of no use.
void HttpTransport::try_another() {
  if (!first_answered_ || options_.addresses.size() < 2) return;
  first_ = (first_ + 1) % options_.addresses.size();
  first_answered_ = false;
  ++moves_;
}

void HttpTransport::ask(uint64_t number, Sending& sending) {
  const Address& address = options_.addresses[sending.address];
  ++sending.tried;
  sending.asked_ms = loop_.now_ms();
  sending.moves = moves_;
  fetch::Request request{.method = sending.call.method,
                         .url = address.url + sending.call.target,
                         .unix_socket = address.unix_socket,
                         .tls = options_.tls,
                         .body = sending.call.body,
                         .timeout_ms = sending.call.timeout_ms,
                         .connect_timeout_ms = options_.connect_timeout_ms,
                         .once = !sending.call.may_repeat};
  if (!options_.token.empty()) request.headers.push_back("X-Consul-Token: " + options_.token);
  Result<uint64_t> fetching = fetcher_.fetch(
      std::move(request),
      [this, number](Result<fetch::Answer> answer) { answered(number, std::move(answer)); });
  if (fetching) {
    sending.fetching = *fetching;
  } else {
    refuse_later(sending, {ErrorKind::kUnavailable, fetching.error().message});
  }
}

void HttpTransport::answered(uint64_t number, Result<fetch::Answer> answer) {
  Sending& sending = sending_.at(number);
  sending.fetching.reset();
  if (!answer) return failed(number, std::move(answer.error()));
  if (too_many_connections(*answer)) {
    has_answered_[sending.address] = true;
    return failed(number,
                  {ErrorKind::kUnavailable, "'" + options_.addresses[sending.address].name +
                                                "' answers 429: there are " + std::string(kLimit)});
  }
  if (wants_https(*answer)) {
    return failed(number, {ErrorKind::kUnavailable, "'" + options_.addresses[sending.address].name +
                                                        "' speaks https, and is named as http"});
  }
  note_success(sending);
  if (answer->status == kForbidden) read_token_again();
  const auto index = parse_number<uint64_t>(answer->header("X-Consul-Index"));
  finish(number, consul::Answer{answer->status, std::move(answer->body), index.value_or(0)});
}

// It may have been replaced.
void HttpTransport::read_token_again() {
  if (!options_.read_token || loop_.now_ms() - token_read_ms_ < kReadTokenEveryMs) return;
  token_read_ms_ = loop_.now_ms();
  auto token = options_.read_token();
  if (token) options_.token = std::move(*token);
}

// Who has answered before speaks http.
std::string HttpTransport::why_at_once(size_t address) const {
  const std::string limit = "there are " + std::string(kLimit);
  const bool plain = options_.addresses[address].url.starts_with("http://") &&
                     options_.addresses[address].unix_socket.empty();
  if (has_answered_[address] || !plain) return "; an agent does that at once where " + limit;
  return "; it has not answered yet: maybe it speaks https, else " + limit;
}

void HttpTransport::failed(uint64_t number, Error error) {
  Sending& sending = sending_.at(number);
  if (error.kind == ErrorKind::kUnknown && loop_.now_ms() - sending.asked_ms < kAtOnceMs) {
    error.message += why_at_once(sending.address);
  }
  if (error.kind != ErrorKind::kUnavailable && !sending.unknown) sending.unknown = error;
  const bool nothing_sent = error.kind == ErrorKind::kUnavailable;
  const bool goes_on = sending.call.may_repeat || nothing_sent;
  if (goes_on && sending.tried < options_.addresses.size()) {
    sending.failures += error.message + "; ";
    sending.address = (sending.address + 1) % options_.addresses.size();
    return ask(number, sending);
  }
  error.message = sending.failures + error.message;
  // What may have been carried out at one agent is not known, whatever the others said.
  if (sending.unknown) error.kind = sending.unknown->kind;
  if (sending.tried == options_.addresses.size()) note_failure(sending, error);
  finish(number, tl::unexpected<Error>(std::move(error)));
}

// It may be one that was asked before others found that another agent is better.
void HttpTransport::note_success(const Sending& sending) {
  has_answered_[sending.address] = true;
  pause_ms_ = 0;
  pause_ends_ms_ = 0;
  if (sending.address == first_) {
    first_answered_ = first_answered_ || sending.moves == moves_;
  } else if (sending.tried > 1 && sending.moves == moves_) {
    first_ = sending.address;
    first_answered_ = true;
    ++moves_;
  }
}

// All that were under way fail at the same time, which is one failure.
void HttpTransport::note_failure(const Sending& sending, const Error& error) {
  if (error.kind == ErrorKind::kTooLarge) return;  // they do answer
  last_failure_ = error;
  if (sending.began_ms < pause_ends_ms_ || pausing()) return;
  pause_ms_ = std::clamp(pause_ms_ * 2, options_.least_pause_ms, options_.longest_pause_ms);
  pause_ends_ms_ = loop_.now_ms() + pause_ms_;
}

void HttpTransport::refuse_later(Sending& sending, Error error) {
  sending.refused = std::move(error);
  refuses_.start(0);
}

// A completion may send and cancel others.
void HttpTransport::refuse_now() {
  std::vector<uint64_t> refused;
  for (const auto& [number, sending] : sending_) {
    if (sending.refused) refused.push_back(number);
  }
  for (const uint64_t number : refused) {
    const auto found = sending_.find(number);
    if (found == sending_.end()) continue;
    Error error = std::move(*found->second.refused);
    finish(number, tl::unexpected<Error>(std::move(error)));
  }
}

void HttpTransport::finish(uint64_t number, Result<consul::Answer> answer) {
  const auto found = sending_.find(number);
  Done done = std::move(found->second.done);
  sending_.erase(found);
  done(std::move(answer));
}

}  // namespace tandem::consulhost
