// The rules of RFC 9112 for the lines of a request that llhttp leaves open even in its strict mode,
// so that no two readers of one stream can disagree on where a request ends: lines end with CRLF
// and nothing else (2.2), the request line is METHOD SP target SP HTTP/d.d with single blanks and
// a target of visible ASCII without '#' (3), and no line begins with a blank (5.2). Pure.
//
// It looks at the bytes of a head, and again of the trailers behind a chunked body, before llhttp
// gets them, in whatever pieces they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tandem::http {

class HeadGuard {
 public:
  // The head of the next request begins, or the trailers of this one.
  void begin_head() { *this = HeadGuard(); }
  void begin_trailers() {
    *this = HeadGuard();
    state_ = State::kLineStart;
  }

  // Reads on, up to the end of the head or the trailers. How many of `bytes` may be given to
  // llhttp: all of them, or those before the one that is wrong; then failed() is true.
  size_t check(std::string_view bytes);

  bool failed() const { return failure_ != nullptr; }
  // What is wrong: static text.
  std::string_view failure() const { return failure_; }

 private:
  enum class State : uint8_t {
    kBefore,    // the first line: one or more empty ones may stand before it
    kBeforeLf,  // in an empty line before it
    kMethod,
    kTarget,
    kVersion,
    kLineLf,     // behind the CR of a line
    kLineStart,  // of a header
    kHeader,
    kEndLf,  // behind the CR of the last, empty line
    kDone,
  };

  // The state behind `c`; failure_ where there is none.
  State step(char c);
  State after_target(char c);
  State after_version(char c);
  State fail(const char* why);

  State state_ = State::kBefore;
  uint8_t at_ = 0;  // in the version; and whether the target has begun
  const char* failure_ = nullptr;
};

}  // namespace tandem::http
