// One client: calls with their repetitions, and what they mean for the history.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "database/workloads.h"
#include "history/history.h"
#include "sim/random.h"
#include "support/http_call.h"
#include "wire/json.h"

namespace tandem::torture::database {

class Client {
 public:
  Client(Shared& shared, uint32_t number);

  bool stopped() const { return shared_.stop; }
  // Waits a little, at random.
  void think(int64_t most_ms);

  // Calls until there is an answer that is neither 503 nor 504 nor none, always with the same key;
  // gives up after a while. Sets times, outcome and index of the operation. The answer tells the
  // rest; every status other than `good` and `mismatch` is a wrong one.
  support::Answer write(history::Operation& operation, const char* method, const std::string& url,
                        const std::string& body, long good = 200, long mismatch = 0);
  // A read of the rows of one object. The operation is recorded where there was an answer.
  // `take` gets the rows.
  void read(history::Operation operation, const std::string& query, int replica,
            const std::function<bool(const wire::Json::Array&, history::Operation&)>& take);

  history::Operation operation(history::Kind kind, std::string key) const;
  int64_t new_value() { return shared_.next_value++; }

  Shared& shared() { return shared_; }
  sim::Random& random() { return random_; }

  // Of a session: its number, and the index that its reads must have reached.
  uint64_t session = 0;
  uint64_t session_index = 0;
  // It never gives up early.
  bool is_probe = false;

 private:
  Shared& shared_;
  const uint32_t number_;
  uint64_t calls_ = 0;
  sim::Random random_;
  support::HttpCall http_;
};

}  // namespace tandem::torture::database
