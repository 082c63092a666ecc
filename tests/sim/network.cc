#include "sim/network.h"

#include "base/check.h"

namespace tandem::sim {

int64_t Network::delay() {
  if (!healed_ && random_.chance(plan_.late)) return random_.between<int64_t>(kMs, plan_.late_ns);
  return random_.between<int64_t>(kMs / 20, plan_.delay_ns);
}

void Network::send(const repl::Message& message) {
  if (cuts_.contains({message.from, message.to})) return;
  const bool shortened = !healed_ && !message.entries.empty() && random_.chance(plan_.shortened);
  if (!shortened) {
    put_on_its_way(message);
    return;
  }
  repl::Message part = message;
  part.entries.resize(random_.below(part.entries.size()));
  put_on_its_way(part);
}

void Network::put_on_its_way(const repl::Message& message) {
  std::string bytes;
  repl::encode(message, bytes);
  const bool lost = !healed_ && random_.chance(plan_.lose);
  const bool twice = !healed_ && random_.chance(plan_.twice);
  for (int copies = lost ? 0 : twice ? 2 : 1; copies > 0; --copies) {
    schedule_.after(delay(), [this, bytes] { arrive(bytes); });
  }
}

void Network::arrive(const std::string& bytes) {
  repl::Message message;
  CHECK_MSG(repl::decode(bytes, message), "a message does not survive its encoding");
  if (cuts_.contains({message.from, message.to})) return;
  trace_.note("message type from to epoch prev entries commit match hint snapshot offset:",
              {static_cast<uint64_t>(message.type), message.from, message.to, message.epoch,
               message.prev_index, message.entries.size(), message.commit, message.match,
               message.hint_index, message.snapshot_index, message.offset});
  deliver_(message);
}

}  // namespace tandem::sim
