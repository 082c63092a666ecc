// The bytes before the body of an answer: status line and headers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/responder.h"

namespace tandem::http {

// The Date header's line, made anew once a second.
class DateLine {
 public:
  // "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"; valid until the next call. `loop_ms` is the loop's
  // cached time: asking the system each time would cost more than the rest of a small answer.
  std::string_view at(uint64_t loop_ms) {
    if (loop_ms >= valid_until_ms_) renew(loop_ms);
    return {text_, sizeof text_};
  }

 private:
  void renew(uint64_t loop_ms);

  char text_[37] = {};
  uint64_t valid_until_ms_ = 0;
};

struct ResponseHead {
  int status = 200;
  std::string_view content_type{};  // "": no such header
  enum class Length : uint8_t { kNone, kGiven, kChunked } length = Length::kNone;
  size_t content_length = 0;
  std::string_view connection{};  // "", "close" or "keep-alive"
  std::string_view date_line{};
  std::string_view request_id{};
  std::string_view origin{};  // whose pages may read this; "": no others than its own
  bool varies = false;        // other origins may get another answer
  std::span<const NameValue> extra{};
};

// False where a handler's header could break the message: a name that is no token or that the
// server sets itself, or a value (the content type, too) with a control character.
bool is_safe(std::string_view content_type, std::span<const NameValue> headers);

void append_head(std::string& out, const ResponseHead& head);

}  // namespace tandem::http
