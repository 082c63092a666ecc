// An Exchange that keeps what a handler answered: for tests of handlers without a socket.
//
//   RecordedExchange exchange;
//   handler(request, Responder(exchange));
//   EXPECT_EQ(exchange.status, 201);
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/responder.h"

namespace tandem::support {

class RecordedExchange final : public http::Exchange {
 public:
  int status = 0;  // 0: not answered yet
  std::string content_type;
  std::string body;  // of a stream: everything written so far
  std::vector<std::pair<std::string, std::string>> headers;
  bool abandoned = false;
  bool streaming = false;
  bool stream_ended = false;
  bool stream_broken = false;

  // The value of that header of the answer, or "".
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (http::equals_ignoring_case(key, name)) return value;
    }
    return {};
  }
  // The client goes away.
  void hang_up() { detach_and_tell(); }

  void answer(const http::Response& response) override {
    status = response.status;
    content_type = response.content_type;
    body = response.body;
    headers.clear();
    for (const http::NameValue& each : response.headers) {
      headers.emplace_back(each.name, each.value);
    }
  }
  void abandon() override {
    abandoned = true;
    status = 500;
  }
  void begin_stream(std::string_view type, std::span<const http::NameValue> extra) override {
    answer({.status = 200, .content_type = type, .body = {}, .headers = extra});
    streaming = true;
  }
  bool stream_write(std::string_view bytes) override {
    body += bytes;
    return true;
  }
  void end_stream() override { stream_ended = true; }
  void break_stream() override { stream_broken = true; }
  // The client has taken all of it so far.
  void take() { tell_taken(); }
};

}  // namespace tandem::support
