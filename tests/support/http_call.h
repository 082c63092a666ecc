// A blocking HTTP call over one kept-alive connection, for the threads of load and torture.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tandem::support {

struct Answer {
  long status = 0;     // 0: no answer (refused, reset, timed out)
  uint64_t index = 0;  // X-Db-Index, 0 where there is none
  std::string body;
};

struct CallOptions {
  std::string_view key;  // sent as Idempotency-Key where it is not empty
  uint64_t index = 0;    // sent as X-Db-Index where it is not 0
  long timeout_ms = 0;   // 0: that of the HttpCall
};

class HttpCall {
 public:
  explicit HttpCall(long timeout_ms);
  ~HttpCall();
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

  Answer call(std::string_view method, const std::string& url, std::string_view body = {},
              const CallOptions& options = {});

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace tandem::support
