// Reads HTTP/1.x requests from a byte stream that arrives in pieces: llhttp in its strict mode,
// with the limits and the rules that llhttp leaves to its user, see also head_guard.h. A minor
// version above 1 is read as 1.1 (RFC 9110, 2.5).
//
// One object reads the requests of one connection after another and keeps a little of its memory
// for the next.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/head_guard.h"
#include "http/request.h"
#include "http/server.h"

namespace tandem::http {

class RequestParser {
 public:
  enum class Outcome : uint8_t {
    kMore,      // all bytes are used, the request is not complete
    kComplete,  // request() is complete; bytes after it are not used
    kFailed,    // failure() says why; nothing more can be read
  };
  struct Failure {
    int status = 0;
    std::string_view message;  // static text
  };

  explicit RequestParser(const Limits& limits);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Reads on. `used` is how many bytes it took. After kComplete the request's views may point into
  // `bytes`; next() forgets the request.
  Outcome feed(std::string_view bytes, size_t& used);
  void next();
  // After kComplete: nobody looks at the body any more.
  void drop_body();
  // Gives back all memory that is kept for the next request. REQUIRES: !started().
  void trim();
  // What is held of the request, and kept for the next one.
  size_t held_bytes() const;

  // Part of a request has been read.
  bool started() const { return started_; }
  // Nothing of it, but the empty lines that may stand before it.
  bool passed_blank_lines() const { return passed_blank_lines_; }
  // Part of it, and not yet all of its head.
  bool is_in_head() const { return started_ && !head_complete_; }
  // True once a request: the client waits for "100 Continue" before it sends the body.
  bool take_wants_continue();

  // The client asked or allows to keep the connection; valid once the head is complete.
  bool keep_alive() const { return keep_alive_; }
  bool is_http_10() const { return http_10_; }
  // The request is a HEAD, also where no more than its first line could be read.
  bool is_head() const { return method_known_ && parser_.method == HTTP_HEAD; }
  const Failure& failure() const { return failure_; }
  // After kComplete, or kFailed with an unknown method: everything but params, query, request_id
  // and received_ns is set. request_id is the client's where it is sane, else empty.
  Request& request() { return request_; }

 private:
  struct Span {
    uint32_t start;
    uint32_t length;
  };
  struct Line {
    Span name;
    Span value;
  };

  static const llhttp_settings_t kSettings;
  static RequestParser& self(llhttp_t* parser) {
    return *static_cast<RequestParser*>(parser->data);
  }

  int refuse(int status, std::string_view message);
  int on_target(std::string_view bytes);
  int on_name(std::string_view bytes);
  int on_value(std::string_view bytes);
  int on_head_complete();
  int on_chunk(uint64_t size);
  int on_body(std::string_view bytes);
  void give_path();
  bool read_target();
  bool read_headers();
  bool header_room(size_t more);
  Outcome fail(llhttp_errno_t code);
  llhttp_errno_t execute(std::string_view bytes, size_t& used);
  void clear_buffers(size_t kept_bytes);
  void keep_line(std::string_view bytes);
  Outcome feed_unknown_method(std::string_view bytes, size_t& used);
  bool read_unknown_method(std::string_view line);
  std::string_view view(Span span) const;

  const Limits& limits_;
  llhttp_t parser_;
  HeadGuard guard_;
  Request request_;
  std::string head_;  // target, then names and values, one after another
  Span target_{};
  std::vector<Line> lines_;
  size_t header_bytes_ = 0;
  std::string line_;             // the request line, where it came in several pieces
  std::string body_;             // of a body that came in several pieces
  std::string_view body_piece_;  // the only piece so far, in the bytes being fed
  uint64_t raw_bytes_ = 0;       // of this request, with chunk headers and the like
  Failure failure_;
  bool started_ = false;
  bool passed_blank_lines_ = false;
  bool method_known_ = false;
  bool in_trailers_ = false;
  bool line_complete_ = false;
  bool unknown_method_ = false;  // all there is of this request is its line
  bool in_value_ = false;
  bool head_complete_ = false;
  bool complete_ = false;
  bool wants_continue_ = false;
  bool keep_alive_ = false;
  bool http_10_ = false;
};

}  // namespace tandem::http
