// The services' way to the database: calls of rs-orch, with the patience that a client of a
// replicated database needs, so that a failover is a short wait and not an error.
//
// A call goes to the first address that is connected, and stays with it while it answers. It is
// repeated, with growing pauses, as long as that is safe and of use:
//
//   nothing was done (not connected, 503)      next address, until unreachable_ms are over
//   a read without an answer, or 504           next address, until the call's deadline
//   a write whose outcome is unknown, or 504   the same with the SAME key: the database carries
//                                              each key out once
//
// Only a write that may have been carried out ends in kUnknown; kTimeout is one of these, or a read
// that nobody answered in time; kUnavailable says that nothing was done.
//
// One loop thread; a completion is called exactly once, from the loop or, where the call is refused
// at once, from inside the call. Destroying the client drops pending completions uncalled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/function.h"
#include "base/result.h"
#include "wire/envelope.h"
#include "wire/key_maker.h"

namespace tandem::rideshare {

// The way to one address of rs-orch. Errors mean what rpc::Client says.
class Transport {
 public:
  using Completion = UniqueFunction<void(Result<std::string_view>)>;
  virtual ~Transport() = default;
  virtual bool connected() const = 0;
  // Calls done exactly once, never from inside call(), and not after the transport is destroyed.
  virtual void call(std::string_view payload, uint64_t timeout_ms, Completion done) = 0;
};

// Time and one timer. The client's owner makes it call DbClient::on_alarm().
class Alarm {
 public:
  virtual ~Alarm() = default;
  virtual int64_t now_ms() const = 0;   // rises; any start
  virtual void set(int64_t at_ms) = 0;  // replaces what was set before
};

struct Options {
  uint32_t timeout_ms = 5000;      // of a call, from its start to its last answer
  uint32_t try_ms = 2000;          // before another address is tried, where there are several
  uint32_t unreachable_ms = 1000;  // how long a call waits for a database that does nothing
  uint32_t first_pause_ms = 5;     // between tries; doubled each time
  uint32_t longest_pause_ms = 100;
  size_t max_in_flight = 10'000;  // further calls fail with kUnavailable
};

// What a call may say beside its body. Views are copied.
struct CallOptions {
  std::string_view request_id;  // X-Request-Id
  std::string key;              // of a write; one is made where it is empty
  wire::Consistency consistency = wire::Consistency::kDefault;  // of a read
  uint64_t min_index = 0;                                       // of a session read
};

class DbClient {
 public:
  // The answer: any status that rs-orch gave. The view is gone when the function returns.
  using Completion = UniqueFunction<void(Result<wire::Response>)>;

  // REQUIRES: at least one transport. `alarm` and `clock` outlive the client.
  DbClient(Options options, std::vector<std::unique_ptr<Transport>> transports, Alarm& alarm,
           const Clock& clock);
  ~DbClient();
  DbClient(const DbClient&) = delete;
  DbClient& operator=(const DbClient&) = delete;

  void read(std::string_view body, const CallOptions& options, Completion done);
  void write(std::string_view body, const CallOptions& options, Completion done);
  // What a write with options.key was answered: 404 where it was not carried out. Writes nothing,
  // and is repeated as a read is. kBadInput: the database is of a version that cannot tell.
  void repeated(std::string_view body, const CallOptions& options, Completion done);
  // `asker` is whom the database logs as the one who wanted it.
  void clear(std::string_view asker, const CallOptions& options, Completion done);
  // One round trip without any repetition: 200 where the database can serve now.
  void ping(uint32_t timeout_ms, Completion done);

  void on_alarm();
  size_t in_flight() const { return in_flight_; }

 private:
  struct Call;

  void begin(wire::Method method, std::string_view body, const CallOptions& options,
             uint32_t timeout_ms, uint32_t patience_ms, Completion done);
  size_t take_slot();
  void attempt(size_t slot);
  void on_outcome(size_t slot, Result<std::string_view> outcome);
  void on_response(size_t slot, const wire::Response& response);
  void try_again(size_t slot, bool uncertain, Result<wire::Response> otherwise);
  void finish(size_t slot, Result<wire::Response> result);
  // The first connected transport from current_ on, or nullptr.
  Transport* choose();

  const Options options_;
  Alarm& alarm_;
  const Clock& clock_;
  wire::KeyMaker keys_;
  std::vector<std::unique_ptr<Call>> calls_;  // by slot; a slot is used again
  std::vector<size_t> free_;
  size_t in_flight_ = 0;
  std::multimap<int64_t, size_t> paused_;  // slots by the time of their next try
  std::string payload_;                    // scratch of attempt()
  size_t current_ = 0;                     // the transport that answered last
  // Last, so that it goes first: no completion of a transport meets a half-destroyed client.
  std::vector<std::unique_ptr<Transport>> transports_;
};

}  // namespace tandem::rideshare
