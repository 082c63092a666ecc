#include "http/shared_answers.h"

#include <algorithm>
#include <utility>

namespace tandem::http {
namespace {

// In a turn: to copy a long answer takes milliseconds.
constexpr size_t kSentInTurn = 4;

}  // namespace

SharedAnswers::SharedAnswers(loop::Loop& loop, uint64_t patience_ms, Send too_late)
    : loop_(loop),
      patience_ms_(patience_ms),
      too_late_(std::move(too_late)),
      goes_on_(loop, [this] { send_some(); }) {}

void SharedAnswers::answer(std::string_view kind, Responder responder, Make make) {
  auto group = std::find_if(waiting_.begin(), waiting_.end(),
                            [kind](const Group& waiting) { return waiting.kind == kind; });
  if (group == waiting_.end()) {
    group = waiting_.insert(waiting_.end(),
                            Group{std::string(kind), loop_.now_ms(), {}, std::move(make)});
  }
  group->responders.push_back(std::move(responder));
  begin();
}

bool SharedAnswers::wanted() const {
  return current_ && std::any_of(current_->responders.begin(), current_->responders.end(),
                                 [](const Responder& responder) { return responder.waiting(); });
}

// An answer that is made at once must not begin the next one from inside: there may be many.
void SharedAnswers::begin() {
  if (std::exchange(beginning_, true)) return;
  while (!current_ && !waiting_.empty()) {
    Group group = std::move(waiting_.front());
    waiting_.pop_front();
    std::erase_if(group.responders, [](const Responder& each) { return !each.waiting(); });
    if (group.responders.empty()) continue;
    if (loop_.now_ms() - group.since_ms > patience_ms_) {
      for (Responder& responder : group.responders) too_late_(responder);
      continue;
    }
    Make make = std::move(group.make);
    current_ = std::move(group);
    make([this](Send send) { finish(std::move(send)); });
  }
  beginning_ = false;
}

void SharedAnswers::finish(Send send) {
  Group group = std::move(*current_);
  current_.reset();
  sending_.push_back({std::move(group.responders), 0, std::move(send)});
  if (sending_.size() == 1) send_some();
  begin();
}

void SharedAnswers::send_some() {
  for (size_t i = 0; i < kSentInTurn && !sending_.empty(); ++i) {
    Sending& next = sending_.front();
    next.send(next.responders[next.sent]);
    if (++next.sent == next.responders.size()) sending_.pop_front();
  }
  if (sending_.empty()) {
    goes_on_.stop();
  } else {
    goes_on_.start();
  }
}

}  // namespace tandem::http
