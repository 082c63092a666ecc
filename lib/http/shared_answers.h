// Answers that many requests may share, such as a long listing: one is made at a time. Requests
// that come meanwhile wait for the next one, and all of a kind get that, for what is being made may
// be older than they are. It is sent to a few of them in a turn of the loop.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "http/responder.h"
#include "loop/loop.h"

namespace tandem::http {

class SharedAnswers {
 public:
  // Sends what was made to one of those who wait.
  using Send = UniqueFunction<void(Responder&)>;
  // Makes an answer and calls its argument once, now or later.
  using Make = UniqueFunction<void(UniqueFunction<void(Send)>)>;

  // Whoever waits longer than `patience_ms` for the answer to be begun gets `too_late` instead.
  SharedAnswers(loop::Loop& loop, uint64_t patience_ms, Send too_late);

  // `kind`: what else than the time of asking makes a difference.
  void answer(std::string_view kind, Responder responder, Make make);
  // Whether anybody still waits for what is being made.
  bool wanted() const;

 private:
  struct Group {
    std::string kind;
    uint64_t since_ms = 0;
    std::vector<Responder> responders;
    Make make;
  };

  struct Sending {
    std::vector<Responder> responders;
    size_t sent = 0;  // to so many of them
    Send send;
  };

  void begin();
  void finish(Send send);
  void send_some();

  loop::Loop& loop_;
  const uint64_t patience_ms_;
  Send too_late_;
  std::deque<Group> waiting_;
  std::optional<Group> current_;
  std::deque<Sending> sending_;
  loop::Idle goes_on_;
  bool beginning_ = false;
};

}  // namespace tandem::http
