// A blocking HTTP call over one kept-alive connection, for the load threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tandem::load {

struct Answer {
  long status = 0;  // 0: no answer (refused, reset, timed out)
  std::string body;
};

class HttpCall {
 public:
  explicit HttpCall(long timeout_ms);
  ~HttpCall();
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

  // `key` goes as Idempotency-Key where it is not empty.
  Answer call(std::string_view method, const std::string& url, std::string_view body = {},
              std::string_view key = {});

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace tandem::load
