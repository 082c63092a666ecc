#include "loop/accept_retry.h"

#include <utility>

#include "base/log.h"

namespace tandem::loop {

AcceptRetry::AcceptRetry(Loop& loop, Times times, UniqueFunction<void()> try_again)
    : loop_(loop),
      times_(times),
      try_again_(std::move(try_again)),
      pause_(loop, [this] { try_now(); }),
      calm_(loop, [this] { tell_end(); }) {
  calm_.unref();
}

void AcceptRetry::failed(std::string_view reason) {
  failed_ms_ = loop_.now_ms();
  if (failures_++ == 0) {
    began_ms_ = failed_ms_;
    log::warning("cannot accept connections: they wait",
                 {{"listener", place_}, {"reason", reason}, {"retry_ms", times_.pause_ms}});
  }
  waiting_ = true;
  calm_.stop();
  pause_.start(times_.pause_ms);
}

void AcceptRetry::on_descriptor_closed() {
  if (waiting_) try_now();
}

void AcceptRetry::stop() {
  pause_.stop();
  calm_.stop();
  waiting_ = false;
  failures_ = 0;
}

void AcceptRetry::try_now() {
  waiting_ = false;
  pause_.stop();
  calm_.start(times_.calm_ms);
  try_again_();
}

void AcceptRetry::tell_end() {
  log::info("connections are accepted again",
            {{"listener", place_}, {"failed_ms", failed_ms_ - began_ms_}, {"failures", failures_}});
  failures_ = 0;
}

}  // namespace tandem::loop
