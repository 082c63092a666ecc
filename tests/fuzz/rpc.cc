// What one process says to another: preambles, greetings and errors read back as they were written,
// and two ends of a connection that keep their promises understand each other, whatever is sent
// when; one that hears nonsense says so and goes on.
#include <deque>

#include "fuzz/fuzz.h"
#include "rpc/channel.h"
#include "rpc/protocol.h"
#include "wire/frame.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

void check_codecs(std::string_view message) {
  rpc::Preamble preamble;
  std::string_view body = message;
  if (rpc::take_preamble(body, preamble)) {
    std::string again;
    rpc::append_preamble(again, preamble);
    CHECK(again + std::string(body) == message);
    rpc::Greeting greeting;
    if (rpc::decode_greeting(body, greeting)) {
      CHECK(rpc::greeting_message(preamble, greeting) == message);
    }
  }
  const Error error = rpc::decode_error(message);
  const Error again = rpc::decode_error(rpc::encode_error(error));
  CHECK(again.kind == error.kind && again.message == error.message);
}

struct End {
  rpc::Channel channel{256, 2048};
  std::deque<std::string> under_way;  // from this end
  uint64_t added = 0;
  uint64_t received = 0;
};

void send(End& from) {
  if (!from.channel.ready()) return;
  const rpc::Outgoing next = from.channel.next();
  from.under_way.push_back(next.bytes + std::string(next.rest.view()));
  from.channel.sent();
  CHECK(from.channel.sent_sequence() - from.channel.acknowledged_sequence() <= rpc::kWindow);
}

void receive(End& from, End& to) {
  if (from.under_way.empty()) return;
  const std::string message = std::move(from.under_way.front());
  from.under_way.pop_front();
  std::string_view body = message;
  rpc::Preamble preamble;
  CHECK(message.size() <= 256 && rpc::take_preamble(body, preamble));
  const auto received = to.channel.receive(preamble);
  CHECK(received ==
        (body.empty() ? rpc::Channel::Received::kNothing : rpc::Channel::Received::kItems));
  wire::ItemReader items(body);
  for (wire::Item item; items.next(item);) CHECK(item.id == ++to.received);
  CHECK(items.ok());
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz::text_of(data, size);
  check_codecs(input);
  End ends[2];
  for (End& end : ends) end.channel.open(7, 200);
  for (fuzz::Choices choices(input); !choices.empty();) {
    const uint8_t choice = choices.u8();
    End& here = ends[choice & 1];
    End& there = ends[(choice & 1) ^ 1];
    switch (choice >> 1 & 3) {
      case 0:
        here.added += here.channel.add(here.added + 1, choices.bytes(choice >> 3)) ==
                      rpc::Channel::Added::kYes;
        break;
      case 1:
        send(here);
        break;
      case 2:
        receive(here, there);
        break;
      case 3:
        here.channel.acknowledge_now();
        // An earlier link's message changes nothing; a gap is noticed and changes nothing.
        CHECK(here.channel.receive({rpc::Kind::kData, 8, choices.u64(), 0}) ==
              rpc::Channel::Received::kForeign);
        break;
    }
  }
  // All of it arrives in the end.
  for (int turn = 0; turn < 1000; ++turn) {
    for (int side = 0; side < 2; ++side) {
      send(ends[side]);
      receive(ends[side], ends[side ^ 1]);
      if (turn > 500) ends[side].channel.acknowledge_now();
    }
  }
  CHECK(ends[0].received == ends[1].added && ends[1].received == ends[0].added);
  return 0;
}
