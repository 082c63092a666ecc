// What happened in a service and why, for people and programs: each event is logged, kept, here and
// on disk, and told to everybody who listens to the stream of server-sent events. The stream goes on
// behind the Last-Event-ID that a client names, also after a restart.
//
// Beside them, once a second while somebody listens, a sample of the service's numbers: it is not
// kept and has no id.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/self.h"
#include "events/history.h"
#include "http/request.h"
#include "http/responder.h"
#include "loop/loop.h"
#include "wire/json.h"

namespace tandem::events {

class Journal {
 public:
  explicit Journal(loop::Loop& loop);

  // What is in `directory` is known, and what comes is kept there. Where that is not possible, as
  // the log says then, events are kept in this process alone. REQUIRES: before tell().
  void keep_in(const std::string& directory);
  // Has a sample made, and calls back with it, an object. Not called again before that.
  using Sample = UniqueFunction<void(UniqueFunction<void(wire::Json)>)>;
  void sample_with(Sample sample) { sample_ = std::move(sample); }

  // `kind` is a word ("spawn", "death", "role", "scale", …); `fields` an object or null.
  void tell(std::string_view kind, std::string_view reason, const wire::Json& fields = {});

  // Whether one of this kind, with this text as a member of its own, is kept.
  bool knows(std::string_view kind, std::string_view member, std::string_view text) const;

  // The stream. Without a Last-Event-ID the newest few hundred come first; with one all that are
  // kept behind it, or all where it is of the future, or no number. ?samples=0: without them.
  void stream(const http::Request& request, http::Responder responder);
  // As JSON, those that are kept behind ?since=MS (ms since 1970), at most ?limit=N (1000) of them,
  // the newest.
  void list(const http::Request& request, http::Responder responder) const;

  void close();

 private:
  struct Event {
    uint64_t id = 0;
    int64_t time_ms = 0;
    std::string kind;
    std::string data;  // JSON
  };
  struct Listener {
    http::EventStream stream;
    uint64_t told = 0;  // the id that it was sent last
    bool samples = true;
  };

  void keep(Event event);
  void write_down(const Event& event);
  void go_on(Listener& listener);
  void drop_gone();
  void take_sample();
  void send_sample(const wire::Json& sample);

  loop::Timer heartbeat_;
  loop::Timer sampler_;
  std::string directory_;
  std::optional<History> history_;
  bool disk_failed_ = false;  // at the last event
  // Above all that were given out before, and no lower than the time, in ms: a client that goes on
  // at another process of the same service misses nothing.
  uint64_t last_id_ = 0;
  std::deque<Event> kept_;
  size_t kept_bytes_ = 0;
  std::list<Listener> listeners_;
  Sample sample_;
  bool sampling_ = false;
  Self<Journal> self_{*this};  // last: goes first
};

}  // namespace tandem::events
