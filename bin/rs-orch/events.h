// What happened and why: role changes, starts, deaths, scaling decisions. Each event is logged,
// kept for late comers (the newest few hundred) and told to everybody who listens on
// /api/v1/events.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>

#include "http/request.h"
#include "http/responder.h"
#include "loop/loop.h"
#include "wire/json.h"

namespace tandem::orch {

// The fields of what happens to one worker: worker, and pid where it has a process.
wire::Json worker_fields(uint32_t id, int64_t pid);

class Events {
 public:
  explicit Events(loop::Loop& loop);

  // `kind` is a word ("spawn", "death", "role", "scale", …); `fields` an object or null.
  void tell(std::string_view kind, std::string_view reason, const wire::Json& fields = {});

  // A server-sent event stream; Last-Event-ID resumes after that event; all that are kept are sent
  // where this life has not come to that id, or it is no number.
  void stream(const http::Request& request, http::Responder responder);

  void close() { listeners_.clear(); }

 private:
  struct Event {
    uint64_t id = 0;
    std::string text;  // as it is sent
  };
  struct Listener {
    http::EventStream stream;
  };

  // Begins with the time, in ms: above all ids of an earlier life, unless that told more than a
  // thousand events a second, or the wall clock was set back since.
  uint64_t last_id_;
  loop::Timer heartbeat_;
  std::deque<Event> recent_;
  std::list<Listener> listeners_;
};

}  // namespace tandem::orch
