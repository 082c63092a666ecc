// The links from one replica to the others: finds a peer's address in the group's registry, keeps
// one rpc client for each, and sends protocol messages one way. What cannot be sent is lost: the
// protocol expects that. Only the last hello to a peer waits for the link, as a replica that comes
// up has nothing else to say and its leader waits for it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "loop/loop.h"
#include "repl/message.h"
#include "rpc/client.h"

namespace tandem::replica {

class Peers {
 public:
  explicit Peers(loop::Loop& loop) : loop_(loop) {}

  void set_address(repl::ReplicaId id, const std::string& url);
  void forget(repl::ReplicaId id);
  void send(const repl::Message& message);
  void close() { links_.clear(); }

 private:
  struct Link {
    std::string url;
    std::unique_ptr<rpc::Client> client;
    std::string hello;  // as it is to be sent; empty: none waits

    bool connected() const { return client != nullptr && client->connected(); }
  };
  void say_hello(Link& link);

  loop::Loop& loop_;
  std::map<repl::ReplicaId, Link> links_;
  std::string buffer_;
};

}  // namespace tandem::replica
