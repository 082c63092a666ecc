#include "http/head_guard.h"

namespace tandem::http {
namespace {

constexpr const char* kBadLine = "malformed request line";
constexpr const char* kBadTarget = "malformed request target";
constexpr const char* kBadEnd = "a line does not end with CRLF";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

size_t HeadGuard::check(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (state_ == State::kDone) break;
    // Most of a head is the values of its headers.
    if (state_ == State::kHeader) {
      i = bytes.find_first_of("\r\n", i);
      if (i == std::string_view::npos) break;
    }
    state_ = step(bytes[i]);
    if (failed()) return i;
  }
  return bytes.size();
}

HeadGuard::State HeadGuard::step(char c) {
  switch (state_) {
    case State::kBefore:
      if (c == '\r') return State::kBeforeLf;
      return c == '\n' ? fail(kBadEnd) : c <= ' ' ? fail(kBadLine) : State::kMethod;
    case State::kBeforeLf:
      return c == '\n' ? State::kBefore : fail(kBadEnd);
    case State::kMethod:
      if (c == ' ') return State::kTarget;
      return c < ' ' ? fail(kBadLine) : State::kMethod;
    case State::kTarget:
      return after_target(c);
    case State::kVersion:
      return after_version(c);
    case State::kLineLf:
      return c == '\n' ? State::kLineStart : fail(kBadEnd);
    case State::kLineStart:
      if (c == '\r') return State::kEndLf;
      if (c == ' ' || c == '\t') return fail("a header goes on in a line that begins with a blank");
      return c == '\n' ? fail(kBadEnd) : State::kHeader;
    case State::kHeader:
      if (c == '\r') return State::kLineLf;
      return c == '\n' ? fail(kBadEnd) : State::kHeader;
    case State::kEndLf:
      return c == '\n' ? State::kDone : fail(kBadEnd);
    case State::kDone:
      break;
  }
  return State::kDone;
}

HeadGuard::State HeadGuard::after_target(char c) {
  if (c == ' ') {
    if (at_ == 0) return fail(kBadLine);
    at_ = 0;
    return State::kVersion;
  }
  if (c < ' ' || c > '~' || c == '#') return fail(kBadTarget);
  at_ = 1;
  return State::kTarget;
}

HeadGuard::State HeadGuard::after_version(char c) {
  constexpr std::string_view kForm = "HTTP/0.0\r";  // 0 stands for a digit
  const char wanted = kForm[at_++];
  if (wanted == '0' ? !is_digit(c) : c != wanted) return fail(kBadLine);
  return c == '\r' ? State::kLineLf : State::kVersion;
}

HeadGuard::State HeadGuard::fail(const char* why) {
  failure_ = why;
  return state_;
}

}  // namespace tandem::http
