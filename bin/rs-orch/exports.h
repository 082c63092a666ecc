// Exports of the database on their way from a worker to a client: one part after the other, each
// asked for when the client has taken the one before, so that a slow client holds up nothing here.
// What ends before its end is broken off, and the client sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "base/function.h"
#include "base/self.h"
#include "group/gateway.h"
#include "http/responder.h"
#include "repl/types.h"
#include "wire/envelope.h"

namespace tandem::orch {

class Exports {
 public:
  static constexpr size_t kMaxExports = 2;
  // As Orchestrator::read(), but not counted for scaling.
  using Ask =
      UniqueFunction<void(const wire::Request&, group::Gateway::Done, repl::ReplicaId replica)>;

  explicit Exports(Ask ask) : ask_(std::move(ask)), self_(*this) {}
  ~Exports();
  Exports(const Exports&) = delete;
  Exports& operator=(const Exports&) = delete;

  // What a client is told of an export before it asks for one: nothing is read for it.
  static void head(http::Responder responder);
  // `wanted` says how new the state is to be; `replica` 0: any.
  void begin(const wire::Request& wanted, http::Responder responder, repl::ReplicaId replica);

 private:
  struct Export {
    std::string request_id;
    http::Responder responder;  // until the first part
    http::EventStream stream;
    std::string id;
    repl::ReplicaId replica = 0;
    uint64_t offset = 0;
    bool asking = false;
  };

  void begun(Export& about, const wire::Response& response);
  void next_part(Export& about);
  void on_part(Export& about, const wire::Response& response);
  void refuse(Export& about, const wire::Response& response);
  void close(Export& about);
  void remove(Export& about);
  wire::Request question(const Export& about, const std::string& body) const;

  Ask ask_;
  std::list<std::unique_ptr<Export>> exports_;
  Self<Exports> self_;  // last: goes first
};

}  // namespace tandem::orch
