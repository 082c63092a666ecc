// How two processes talk over one connection.
//
//   connection = *(length:u32 message)
//   message    = preamble body
//   preamble   = version:u8 kind:u8 link:u64 sequence:u64 acknowledged:u64
//   body       = greeting             ; kinds hello and welcome
//              | *item                ; kind data (wire/frame.h)
//              | (empty)              ; kind goodbye
//   greeting   = nonce:u64 max_message_bytes:u64
//
// - link: after each connect the client says hello with a new nonce and the link that it had before
//   (0: none), which the server ends where it has not noticed that the client is gone; it answers
//   welcome with the same nonce and a new random link. All further messages, both ways, carry that
//   link. What carries another one belongs to an earlier link, or an earlier process, and is
//   dropped; so is a welcome with another nonce.
// - sequence and acknowledged: messages with items count from 1 on each link; acknowledged is the
//   number of the last one received. No more than kWindow are under way one way, so that a peer
//   that stopped reading holds up a bounded number of bytes; and who closes knows what has arrived.
//   A message without items has sequence 0 and only acknowledges.
//
// Whoever finds the other end at fault (malformed, a gap in the sequence, answers not taken) ends
// the link. The server says goodbye, and answers goodbye to what follows on a connection without a
// link; the client begins a new link with a new hello on the same connection.
//
// An item's id is the caller's number of the call, its top bit unset; a reply has the same id. With
// the top bit set it is an error reply: payload = kind:u8 message, numbers in protocol.cc.
//
// Source of truth for readers: tandem-wire(5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::rpc {

constexpr uint8_t kProtocolVersion = 1;
// Messages under way one way. Both ends of one version must agree.
constexpr size_t kWindow = 24;
// How long an acknowledgement waits for a message that goes the same way anyhow. Longer than the
// time between two questions or heartbeats (50 ms): whoever talks so often sends none alone.
constexpr uint64_t kAcknowledgeMs = 60;
constexpr uint64_t kErrorBit = uint64_t{1} << 63;

enum class Kind : uint8_t { kHello = 1, kWelcome = 2, kData = 3, kGoodbye = 4 };

struct Preamble {
  Kind kind = Kind::kData;
  uint64_t link = 0;
  uint64_t sequence = 0;
  uint64_t acknowledged = 0;
};
constexpr size_t kPreambleBytes = 1 + 1 + 8 + 8 + 8;

struct Greeting {
  uint64_t nonce = 0;
  uint64_t max_message_bytes = 0;
};
constexpr size_t kGreetingBytes = 8 + 8;

void append_preamble(std::string& out, const Preamble& preamble);
// Takes the preamble off the front of `message`; false where it is malformed or of another version.
bool take_preamble(std::string_view& message, Preamble& preamble);

// A whole hello or welcome, and the body of one.
std::string greeting_message(const Preamble& preamble, const Greeting& greeting);
bool decode_greeting(std::string_view body, Greeting& greeting);

// The payload of an error reply and back. An unknown kind becomes kUnknown: something went wrong
// there, and whether it was done is not known.
std::string encode_error(const Error& error);
Error decode_error(std::string_view payload);

}  // namespace tandem::rpc
