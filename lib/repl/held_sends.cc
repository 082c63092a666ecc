#include "repl/held_sends.h"

#include <utility>

#include "repl/planted.h"

namespace tandem::repl {

void HeldSends::send(Send send) {
  if (send.after <= durable_ || planted(Bug::kSendBeforeTicket)) {
    outbox_.send(send.message);
  } else {
    held_.push_back(std::move(send));
  }
}

std::optional<Ticket> HeldSends::durable(Ticket log) {
  Ticket durable = durable_;
  while (!writes_.empty() && writes_.front().log <= log) {
    durable = writes_.front().core;
    writes_.pop_front();
  }
  if (durable == durable_) return std::nullopt;
  durable_ = durable;
  for (Send& held : std::exchange(held_, {})) send(std::move(held));
  return durable;
}

}  // namespace tandem::repl
