// Exports and backups on their way from a replica to a client: one part after the other, each asked
// for when the client has taken the one before, so that a slow client holds up nothing here. What
// ends before its end is broken off, and the client sees it. The replica's side: replica/exports.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/self.h"
#include "group/gateway.h"
#include "http/responder.h"
#include "repl/types.h"
#include "wire/envelope.h"

namespace tandem::group {

class Exports {
 public:
  static constexpr size_t kMaxExports = 2;
  // Has a read carried out: Gateway::submit().
  using Ask = std::function<void(const wire::Request&, Gateway::Done, repl::ReplicaId replica)>;

  // What a replica has begun. `ask` outlives it.
  struct Source {
    const Ask* ask = nullptr;
    std::string id;
    repl::ReplicaId replica = 0;
    uint64_t index = 0;  // of its picture; 0: that is not taken yet
  };
  struct Refusal {
    int status = 503;
    std::string why;
  };
  using Opened = tl::expected<Source, Refusal>;

  Exports() : self_(*this) {}
  ~Exports();
  Exports(const Exports&) = delete;
  Exports& operator=(const Exports&) = delete;

  // What a client is told of an export before it asks for one: nothing is read for it.
  static void head(http::Responder responder);
  // All of it was given: as of which index (of the first source), and how much.
  using Whole = UniqueFunction<void(uint64_t index, uint64_t bytes)>;
  // `wanted` says what is begun, and how new the state is to be; `replica` 0: any. `whole` is called
  // at the end, and not where that is not reached.
  void begin(const Ask& ask, const wire::Request& wanted, http::Responder responder,
             repl::ReplicaId replica, Whole whole = {});

  // The same in two steps, for several sources as one stream. An opened source is streamed, or closed.
  static void open(const Ask& ask, const wire::Request& wanted, repl::ReplicaId replica,
                   UniqueFunction<void(Opened)> done);
  static void close(const Source& source, const std::string& request_id);
  void stream(std::vector<Source> sources, const std::string& request_id, http::Responder responder,
              Whole whole = {});
  // Answers that there are too many, where there are.
  bool refuse_one_more(http::Responder& responder) const;

 private:
  struct Export {
    std::string request_id;
    http::Responder responder;  // until the first part
    http::EventStream stream;
    std::vector<Source> sources;
    size_t source = 0;
    uint64_t offset = 0;  // in that one
    uint64_t bytes = 0;
    uint64_t index = 0;
    Whole whole;
    bool asking = false;
  };

  Export& add(const std::string& request_id, http::Responder responder);
  void next_part(Export& about);
  void on_part(Export& about, const wire::Response& response);
  void begin_stream(Export& about, uint64_t index);
  void refuse(Export& about, const Refusal& refusal);
  void close(Export& about);

  std::list<std::unique_ptr<Export>> exports_;
  Self<Exports> self_;  // last: goes first
};

}  // namespace tandem::group
