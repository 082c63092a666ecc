// An Exchange that keeps what a handler answered: for tests of handlers without a socket.
//
//   RecordedExchange exchange;
//   handler(request, Responder(exchange));
//   EXPECT_EQ(exchange.status, 201);
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "http/responder.h"

namespace tandem::http {

class RecordedExchange final : public Exchange {
 public:
  int status = 0;  // 0: not answered yet
  std::string content_type;
  std::string body;  // of a stream: everything written so far
  std::vector<std::pair<std::string, std::string>> headers;
  bool abandoned = false;
  bool streaming = false;
  bool stream_ended = false;

  // The value of that header of the answer, or "".
  std::string header(std::string_view name) const;
  // The client goes away.
  void hang_up() { detach_and_tell(); }

  void answer(const Response& response) override;
  void abandon() override;
  void begin_stream(std::string_view type, std::span<const NameValue> extra) override;
  bool stream_write(std::string_view bytes) override;
  void end_stream() override;
};

}  // namespace tandem::http
