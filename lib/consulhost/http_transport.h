// consul::Transport over HTTP: the agents that coord.addresses names, one tried after the other. The
// one that answered last comes first, until it fails.
//
// Where none answers, they are not asked at once again: in a pause that grows while it stays so,
// calls fail with what went wrong last. An agent takes 200 connections from one address
// (limits.http_max_conns_per_client) and closes further ones without an answer, or answers 429: the
// error says so then, as it is not gone. Of such a 429 nothing was carried out: it is kUnavailable,
// and no Answer; so is the 400 of a server that speaks TLS at an address of http.
//
// The token is part of no message. A completion must not destroy the transport.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "consul/transport.h"
#include "consulhost/address.h"
#include "fetch/fetcher.h"
#include "loop/loop.h"

namespace tandem::consulhost {

struct TransportOptions {
  std::vector<Address> addresses;  // at least one
  std::string token = {};          // of the ACL; empty: none
  // Gives the token as it is now, where that can be read: asked after a 403, once a second at most.
  std::function<std::optional<std::string>()> read_token = {};
  fetch::Tls tls = {};
  int64_t connect_timeout_ms = 200;
  uint64_t least_pause_ms = 20;
  uint64_t longest_pause_ms = 500;
  size_t max_answer_bytes = 8 << 20;
  size_t max_in_flight = 64;
};

class HttpTransport final : public consul::Transport {
 public:
  HttpTransport(loop::Loop& loop, TransportOptions options);

  uint64_t send(consul::Call call, Done done) override;
  void cancel(uint64_t number) override;
  void try_another() override;
  std::string agent() const override { return options_.addresses[first_].name; }

 private:
  struct Sending {
    consul::Call call;
    Done done;
    size_t address = 0;
    size_t tried = 0;       // addresses, this one included
    uint64_t began_ms = 0;  // with the first of them
    uint64_t asked_ms = 0;  // at this one
    uint64_t moves = 0;     // that there had been then
    std::optional<uint64_t> fetching;
    std::string failures;  // of the addresses before this one
    std::optional<Error> unknown;
    std::optional<Error> refused;  // it fails with this in the next turn
  };

  void ask(uint64_t number, Sending& sending);
  void answered(uint64_t number, Result<fetch::Answer> answer);
  void failed(uint64_t number, Error error);
  void read_token_again();
  void refuse_later(Sending& sending, Error error);
  void refuse_now();
  void note_success(const Sending& sending);
  void note_failure(const Sending& sending, const Error& error);
  std::string why_at_once(size_t address) const;
  bool pausing() const { return loop_.now_ms() < pause_ends_ms_; }
  void finish(uint64_t number, Result<consul::Answer> answer);

  loop::Loop& loop_;
  TransportOptions options_;
  uint64_t token_read_ms_ = 0;  // of the loop, when it was read last
  std::map<uint64_t, Sending> sending_;
  uint64_t last_number_ = 0;
  size_t first_ = 0;                // the address that calls begin with
  uint64_t moves_ = 0;              // from one to another
  bool first_answered_ = false;     // since the last move
  std::vector<bool> has_answered_;  // each address, ever
  uint64_t pause_ms_ = 0;           // the last one; 0: somebody has answered since
  uint64_t pause_ends_ms_ = 0;
  Error last_failure_;
  loop::Timer refuses_;
  fetch::Fetcher fetcher_;
};

}  // namespace tandem::consulhost
