#include "sim/network.h"

#include "base/check.h"

namespace tandem::sim {

void Network::send(const repl::Message& message) {
  if (cuts_.contains({message.from, message.to})) return;
  std::string bytes;
  if (!message.entries.empty() && world_.strikes(world_.plan.shortened)) {
    repl::Message part = message;
    part.entries.resize(world_.random.below(part.entries.size()));
    repl::encode(part, bytes);
  } else {
    repl::encode(message, bytes);
  }
  const bool lost = world_.strikes(world_.plan.lose);
  const bool twice = world_.strikes(world_.plan.twice);
  for (int copies = lost ? 0 : twice ? 2 : 1; copies > 0; --copies) {
    world_.schedule.after(delay(), [this, bytes] { arrive(bytes); });
  }
}

void Network::arrive(const std::string& bytes) {
  repl::Message message;
  CHECK_MSG(repl::decode(bytes, message), "a message does not survive its encoding");
  if (cuts_.contains({message.from, message.to})) return;
  world_.trace.note("message type from to epoch prev entries commit match hint snapshot offset:",
                    {static_cast<uint64_t>(message.type), message.from, message.to, message.epoch,
                     message.prev_index, message.entries.size(), message.commit, message.match,
                     message.hint_index, message.snapshot_index, message.offset});
  deliver_(message);
}

}  // namespace tandem::sim
