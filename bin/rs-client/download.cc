#include "download.h"

#include <algorithm>
#include <csignal>

#include "base/clock.h"
#include "base/ids.h"

namespace tandem::client {
namespace {

constexpr uint64_t kProgressMs = 200;
constexpr uint64_t kFirstPauseMs = 100;
constexpr uint64_t kMaxPauseMs = 1000;
// The service reads all of its state before it sends the first byte.
constexpr uint64_t kFirstSilenceMs = uint64_t{15} * 60'000;
constexpr uint64_t kSilenceMs = 60'000;
constexpr int kMaxTries = 5;  // of what breaks off

int64_t now_ms() { return system_clock().boot_ns() / 1'000'000; }

}  // namespace

Download::Download(Session& session, std::string url, std::string noun, Taker& taker)
    : session_(session),
      url_(std::move(url)),
      noun_(std::move(noun)),
      taker_(taker),
      again_(session.loop, [this] { ask(); }),
      silence_(session.loop,
               [this] {
                 end({ErrorKind::kTimeout, "nothing came for too long"});
               }),
      progress_(session.loop, [this] { show_progress(); }),
      pause_ms_(kFirstPauseMs) {}

Status Download::run() {
  begun_ms_ = now_ms();
  const auto interrupt = [this] { end({ErrorKind::kTimeout, "interrupted"}); };
  loop::Signal on_int(session_.loop, SIGINT, interrupt);
  loop::Signal on_term(session_.loop, SIGTERM, interrupt);
  if (session_.console.is_terminal() && !session_.output.is_terminal()) {
    progress_.start(kProgressMs, kProgressMs);
  }
  ask();
  session_.loop.run();
  if (fetch_id_ != 0) session_.fetcher.cancel(fetch_id_);
  again_.stop();
  silence_.stop();
  progress_.stop();
  session_.console.progress("");
  if (ended_) return fail(*ended_);
  return {};
}

void Download::ask() {
  const Call call = session_.read("GET", url_);
  request_id_ = hex_id(random_id());
  fetch::Request request;
  request.url = call.url;
  request.headers = call.headers;
  request.headers.push_back("X-Request-Id: " + request_id_);
  request.headers.emplace_back("Prefer: handling=strict");
  request.on_body = [this](std::string_view bytes) { take(bytes); };
  fetch_id_ = session_.follow(std::move(request),
                              [this](Result<fetch::Answer> answer) { on_end(std::move(answer)); });
  silence_.start(kFirstSilenceMs);
}

void Download::take(std::string_view bytes) {
  if (ended_) return;
  silence_.start(kSilenceMs);
  bytes_ += bytes.size();
  if (Status taken = taker_.take(bytes); !taken) end(std::move(taken.error()));
}

// While the time that a call has is not over; a stream that had begun has that time anew.
bool Download::asks_again(const Result<fetch::Answer>& answer) {
  if (ended_ || !worth_repeating(Call::Kind::kRead, answer)) return false;
  if (bytes_ > 0) {
    if (tries_ >= kMaxTries || !taker_.begin_anew()) return false;
    session_.console.say(noun_ + " broke off after " + std::to_string(bytes_) +
                         " bytes: it is begun anew");
    ++tries_;
    bytes_ = 0;
    begun_ms_ = now_ms();
    pause_ms_ = kFirstPauseMs;
  }
  return now_ms() + static_cast<int64_t>(pause_ms_) - begun_ms_ < session_.settings.timeout_ms;
}

void Download::on_end(Result<fetch::Answer> answer) {
  fetch_id_ = 0;
  if (!answer) {
    answer = fail(session_.caller.with_origin(answer.error(), url_));
  }
  const uint64_t bytes = bytes_;
  if (asks_again(answer)) {
    silence_.stop();
    again_.start(pause_ms_);
    pause_ms_ = std::min(2 * pause_ms_, kMaxPauseMs);
    return;
  }
  const bool has_answer = answer.has_value();
  const auto reply =
      has_answer ? judge(std::move(*answer), request_id_) : Result<Reply>(fail(answer.error()));
  if (!reply) {
    Error error = reply.error();
    if (bytes > 0) {
      error.message =
          noun_ + " broke off after " + std::to_string(bytes) + " bytes: " + error.message;
    }
    if (error.kind == ErrorKind::kUnknown) error.kind = ErrorKind::kUnavailable;
    return end(std::move(error));
  }
  if (Status whole = taker_.end(); !whole) return end(std::move(whole.error()));
  session_.loop.stop();
}

void Download::end(Error error) {
  if (!ended_) ended_ = std::move(error);
  session_.loop.stop();
}

void Download::show_progress() {
  session_.console.progress(std::to_string(taker_.rows()) + " rows, " +
                            std::to_string(bytes_ >> 20) + " MiB");
}

}  // namespace tandem::client
