#include "http/parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/trace_parent.h"
#include "http/host.h"

namespace tandem::http {
namespace {

// What is kept of a buffer for the next request of the connection; a bigger one is given back.
constexpr size_t kKeptBytes = 4 << 10;
constexpr size_t kMaxRequestId = 128;
// Of a request line, besides the target.
constexpr size_t kMethodAndVersionBytes = 64;

Method method_of(uint8_t code) {
  switch (code) {
    case HTTP_GET:
      return Method::kGet;
    case HTTP_HEAD:
      return Method::kHead;
    case HTTP_POST:
      return Method::kPost;
    case HTTP_PUT:
      return Method::kPut;
    case HTTP_DELETE:
      return Method::kDelete;
    case HTTP_PATCH:
      return Method::kPatch;
    case HTTP_OPTIONS:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

// The characters of methods and header names (RFC 9110, 5.6.2).
constexpr std::array<bool, 256> kTokenChars = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool is_token(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return kTokenChars[static_cast<unsigned char>(c)]; });
}

// Text that may be echoed in a header and written to a log.
bool is_sane_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestId &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// A value as its sender means it (RFC 9110, 5.5): a blank at its end is part of the line.
std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const size_t first = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// "close" among the options of a Connection header. llhttp does not know it before a TAB.
bool says_close(std::string_view value) {
  while (!value.empty()) {
    const size_t end = std::min(value.find(','), value.size());
    if (equals_ignoring_case(without_blanks(value.substr(0, end)), "close")) return true;
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return false;
}

template <typename Buffer>
size_t bytes_of(const Buffer& buffer) {
  return buffer.capacity() * sizeof(typename Buffer::value_type);
}

template <typename Buffer>
void clear(Buffer& buffer, size_t kept_bytes) {
  buffer.clear();
  if (bytes_of(buffer) > kept_bytes) Buffer().swap(buffer);
}

}  // namespace

const llhttp_settings_t RequestParser::kSettings = [] {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_message_begin = [](llhttp_t* p) {
    self(p).started_ = true;
    return 0;
  };
  settings.on_url = [](llhttp_t* p, const char* at, size_t n) {
    return self(p).on_target({at, n});
  };
  settings.on_header_field = [](llhttp_t* p, const char* at, size_t n) {
    return self(p).on_name({at, n});
  };
  settings.on_header_value = [](llhttp_t* p, const char* at, size_t n) {
    return self(p).on_value({at, n});
  };
  settings.on_headers_complete = [](llhttp_t* p) { return self(p).on_head_complete(); };
  settings.on_body = [](llhttp_t* p, const char* at, size_t n) { return self(p).on_body({at, n}); };
  settings.on_chunk_header = [](llhttp_t* p) { return self(p).on_chunk(p->content_length); };
  settings.on_message_complete = [](llhttp_t* p) {
    self(p).complete_ = true;
    return static_cast<int>(HPE_PAUSED);
  };
  return settings;
}();

RequestParser::RequestParser(const Limits& limits) : limits_(limits) {
  llhttp_init(&parser_, HTTP_REQUEST, &kSettings);
  parser_.lenient_flags |= LENIENT_VERSION;  // on_head_complete() looks at it
  parser_.data = this;
}

// Gives llhttp what the guard has passed.
llhttp_errno_t RequestParser::execute(std::string_view bytes, size_t& used) {
  for (used = 0;;) {
    const std::string_view rest = bytes.substr(used);
    const bool guarded = !head_complete_ || in_trailers_;
    const size_t good = guarded ? guard_.check(rest) : rest.size();
    const llhttp_errno_t code = llhttp_execute(&parser_, rest.data(), good);
    if (code == HPE_PAUSED) {
      used = static_cast<size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
      if (complete_ || !in_trailers_) return code;
      llhttp_resume(&parser_);
      guard_.begin_trailers();
      continue;
    }
    if (code != HPE_OK) return code;
    used += good;
    if (!guard_.failed()) return HPE_OK;
    refuse(400, guard_.failure());
    return HPE_USER;
  }
}

RequestParser::Outcome RequestParser::feed(std::string_view bytes, size_t& used) {
  // Chunk headers and extensions are not kept, yet they cost time: an honest client needs few.
  const uint64_t raw_limit =
      limits_.target_bytes + limits_.header_bytes + 16 * static_cast<uint64_t>(limits_.body_bytes);
  if (unknown_method_) return feed_unknown_method(bytes, used);
  const llhttp_errno_t code = execute(bytes, used);
  if (code == HPE_OK) {
    passed_blank_lines_ = !started_;
    if (started_ && !line_complete_) keep_line(bytes);
    raw_bytes_ += started_ ? used : 0;
    if (raw_bytes_ > raw_limit) {
      refuse(413, "the request is too long");
      return Outcome::kFailed;
    }
    // The caller's bytes go; a piece of the body must not.
    body_ += body_piece_;
    body_piece_ = {};
    return Outcome::kMore;
  }
  if (code == HPE_INVALID_METHOD && failure_.status == 0) return feed_unknown_method(bytes, used);
  if (code != HPE_PAUSED || !complete_) return fail(code);
  request_.body = body_.empty() ? body_piece_ : std::string_view(body_);
  return Outcome::kComplete;
}

void RequestParser::next() {
  llhttp_resume(&parser_);
  clear_buffers(kKeptBytes);
  line_complete_ = false;
  header_bytes_ = 0;
  raw_bytes_ = 0;
  started_ = method_known_ = in_trailers_ = false;
  in_value_ = head_complete_ = complete_ = wants_continue_ = passed_blank_lines_ = false;
  guard_.begin_head();
}

void RequestParser::clear_buffers(size_t kept_bytes) {
  clear(head_, kept_bytes);
  clear(lines_, kept_bytes);
  clear(line_, kept_bytes);
  clear(body_, kept_bytes);
  body_piece_ = {};
  request_.body = {};
  clear(request_.params, kept_bytes);
  clear(request_.query, kept_bytes);
  clear(request_.headers, kept_bytes);
}

void RequestParser::drop_body() {
  clear(body_, kKeptBytes);
  body_piece_ = {};
  request_.body = {};
}

void RequestParser::trim() { clear_buffers(0); }

size_t RequestParser::held_bytes() const {
  return bytes_of(head_) + bytes_of(lines_) + bytes_of(line_) + bytes_of(body_) +
         bytes_of(request_.params) + bytes_of(request_.query) + bytes_of(request_.headers);
}

bool RequestParser::take_wants_continue() { return std::exchange(wants_continue_, false); }

int RequestParser::refuse(int status, std::string_view message) {
  // Callbacks may fail one after another; the first reason is the right one.
  if (failure_.status == 0) failure_ = {status, message};
  return -1;
}

std::string_view RequestParser::view(Span span) const {
  return std::string_view(head_).substr(span.start, span.length);
}

int RequestParser::on_target(std::string_view bytes) {
  method_known_ = true;
  if (head_.size() + bytes.size() > limits_.target_bytes) {
    return refuse(414, "the request target is too long");
  }
  head_ += bytes;
  target_ = {0, static_cast<uint32_t>(head_.size())};
  return 0;
}

bool RequestParser::header_room(size_t more) {
  header_bytes_ += more;
  if (header_bytes_ <= limits_.header_bytes) return true;
  refuse(431, "the headers are too long");
  return false;
}

int RequestParser::on_name(std::string_view bytes) {
  // Four bytes for ": " and CRLF, so that many empty headers are bounded as well.
  const bool is_new = lines_.empty() || in_value_;
  in_value_ = false;
  if (!header_room(bytes.size() + (is_new ? 4 : 0))) return -1;
  if (head_complete_) return 0;  // trailers are read and dropped
  const auto start = static_cast<uint32_t>(head_.size());
  if (is_new) lines_.push_back({{start, 0}, {start, 0}});
  head_ += bytes;
  lines_.back().name.length += static_cast<uint32_t>(bytes.size());
  return 0;
}

int RequestParser::on_value(std::string_view bytes) {
  const bool is_new = !std::exchange(in_value_, true);
  if (!header_room(bytes.size())) return -1;
  if (head_complete_) return 0;
  Line& line = lines_.back();
  if (is_new) line.value.start = static_cast<uint32_t>(head_.size());
  head_ += bytes;
  line.value.length += static_cast<uint32_t>(bytes.size());
  return 0;
}

int RequestParser::on_head_complete() {
  head_complete_ = true;
  parser_.upgrade =
      0;  // no other protocol is offered: an Upgrade header is ignored (RFC 9110, 7.8)
  http_10_ = parser_.http_minor == 0;
  keep_alive_ = llhttp_should_keep_alive(&parser_) != 0;
  request_.method = method_of(parser_.method);
  if (parser_.http_major != 1) return refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  if (!read_target() || !read_headers()) return -1;
  if (parser_.content_length > limits_.body_bytes && (parser_.flags & F_CONTENT_LENGTH) != 0) {
    return refuse(413, "the body is too long");
  }
  const bool has_body = (parser_.flags & F_CHUNKED) != 0 || parser_.content_length > 0;
  wants_continue_ = wants_continue_ && has_body && !http_10_;
  return 0;
}

// An absolute form may lack its path, which is "/" then: "http://localhost?x=1" (RFC 9112, 3.2.1).
void RequestParser::give_path() {
  const std::string_view target = view(target_);
  const size_t authority = target.find("://");
  if (target.starts_with('/') || authority == std::string_view::npos) return;
  const size_t end = target.find_first_of("/?", authority + 3);
  if (end == std::string_view::npos || target[end] == '/') return;
  // Behind the headers, which stay where they are.
  const std::string whole =
      std::string(target.substr(0, end)) + "/" + std::string(target.substr(end));
  target_ = {static_cast<uint32_t>(head_.size()), static_cast<uint32_t>(whole.size())};
  head_ += whole;
}

// Brings the target into origin form: a client may send the absolute form to any server.
bool RequestParser::read_target() {
  give_path();
  std::string_view target = view(target_);
  request_.host.reset();
  if (!target.starts_with('/')) {
    const size_t authority = target.find("://");
    const bool is_star = target == "*" && request_.method == Method::kOptions;
    if (authority != std::string_view::npos) {
      const size_t path = target.find('/', authority + 3);
      request_.host = target.substr(authority + 3, path - authority - 3);
      // One without a name is nobody's (RFC 9110, 4.2.1).
      if (!is_host(*request_.host) || request_.host->empty() || request_.host->front() == ':') {
        refuse(400, "malformed request target");
        return false;
      }
      target = path == std::string_view::npos ? "/" : target.substr(path);
    }
    if (!is_star && !target.starts_with('/')) {
      refuse(400, "the request target is not a path");
      return false;
    }
  }
  request_.target = target;
  request_.path = target.substr(0, target.find('?'));
  return true;
}

bool RequestParser::read_headers() {
  request_.headers.clear();
  request_.request_id = {};
  request_.trace_id = {};
  int hosts = 0;
  for (const Line& line : lines_) {
    const NameValue header{view(line.name), without_blanks(view(line.value))};
    // llhttp lets blanks pass: "Content-Length : 3" would be another header here than for a proxy.
    if (header.name.empty() || !is_token(header.name)) {
      refuse(400, "malformed header name");
      return false;
    }
    request_.headers.push_back(header);
    switch (header.name.size()) {
      case 4:
        if (!equals_ignoring_case(header.name, "host")) break;
        ++hosts;
        if (!is_host(header.value)) {
          refuse(400, "malformed Host header");
          return false;
        }
        if (!request_.host) request_.host = header.value;
        break;
      case 6:
        if (!equals_ignoring_case(header.name, "expect")) break;
        if (!equals_ignoring_case(header.value, "100-continue")) {
          refuse(417, "only 'Expect: 100-continue' is understood");
          return false;
        }
        wants_continue_ = true;
        break;
      case 10:
        if (!equals_ignoring_case(header.name, "connection")) break;
        keep_alive_ = keep_alive_ && !says_close(header.value);
        break;
      case 11:
        if (equals_ignoring_case(header.name, "traceparent")) {
          request_.trace_id = trace_id_in(header.value);
        }
        break;
      case 12:
        if (equals_ignoring_case(header.name, "x-request-id") && is_sane_id(header.value)) {
          request_.request_id = header.value;
        }
        break;
      case 17:
        if (!equals_ignoring_case(header.name, "transfer-encoding")) break;
        if (http_10_) {
          refuse(400, "HTTP/1.0 has no Transfer-Encoding");
          return false;
        }
        if (!equals_ignoring_case(header.value, "chunked")) {
          refuse(501, "only 'Transfer-Encoding: chunked' is understood");
          return false;
        }
        break;
      default:
        break;
    }
  }
  if (hosts > 1 || (hosts == 0 && !http_10_)) {
    refuse(400, "exactly one Host header is needed");
    return false;
  }
  return true;
}

// Before any of the chunk is there.
int RequestParser::on_chunk(uint64_t size) {
  if (size > limits_.body_bytes - body_.size() - body_piece_.size()) {
    return refuse(413, "the body is too long");
  }
  if (size != 0) return 0;
  // Stops before the trailers, which are for the guard to see.
  in_trailers_ = true;
  return static_cast<int>(HPE_PAUSED);
}

int RequestParser::on_body(std::string_view bytes) {
  if (body_.size() + body_piece_.size() + bytes.size() > limits_.body_bytes) {
    return refuse(413, "the body is too long");
  }
  if (body_.empty() && body_piece_.empty()) {
    body_piece_ = bytes;
    return 0;
  }
  body_ += body_piece_;
  body_piece_ = {};
  body_ += bytes;
  return 0;
}

RequestParser::Outcome RequestParser::fail(llhttp_errno_t code) {
  if (failure_.status != 0) return Outcome::kFailed;
  failure_ = {400, "malformed HTTP"};
  switch (code) {
    case HPE_PAUSED_H2_UPGRADE:
      failure_ = {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
      break;
    case HPE_INVALID_URL:
      failure_.message = "malformed request target";
      break;
    case HPE_INVALID_HEADER_TOKEN:
      failure_.message = "malformed header";
      break;
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      failure_.message = "malformed, doubled or contradicting Content-Length";
      break;
    case HPE_INVALID_TRANSFER_ENCODING:
      failure_.message = "malformed Transfer-Encoding";
      break;
    case HPE_INVALID_CHUNK_SIZE:
      failure_.message = "malformed chunk";
      break;
    case HPE_STRICT:
    case HPE_LF_EXPECTED:
    case HPE_CR_EXPECTED:
      failure_.message = "a line or a chunk does not end with CRLF";
      break;
    default:
      break;
  }
  return Outcome::kFailed;
}

// Keeps the request line where it comes in pieces: up to its end, and no more than one of a target
// as long as allowed.
void RequestParser::keep_line(std::string_view bytes) {
  // llhttp passes over empty lines before a request.
  if (line_.empty()) bytes.remove_prefix(std::min(bytes.find_first_not_of("\r\n"), bytes.size()));
  const size_t room = limits_.target_bytes + kMethodAndVersionBytes - line_.size();
  const size_t end = bytes.find('\n');
  line_complete_ = end != std::string_view::npos || bytes.size() >= room;
  line_ += bytes.substr(0, std::min(end, room));
}

// llhttp knows a list of methods and stops within any other; the line itself may be right, which
// can only be told at its end.
RequestParser::Outcome RequestParser::feed_unknown_method(std::string_view bytes, size_t& used) {
  unknown_method_ = started_ = true;
  used = bytes.size();
  if (!line_complete_) keep_line(bytes);
  const std::string_view method = std::string_view(line_).substr(0, line_.find(' '));
  // What is not HTTP at all may never come to the end of a line.
  if (!line_complete_ && !method.empty() && is_token(method)) return Outcome::kMore;
  failure_ = {400, "malformed HTTP"};
  if (read_unknown_method(line_)) failure_ = {501, "unknown method"};
  return Outcome::kFailed;
}

// METHOD SP target SP HTTP/1.d CRLF, with a method that llhttp does not know.
bool RequestParser::read_unknown_method(std::string_view line) {
  const size_t blank = line.find(' ');
  if (blank == 0 || blank == std::string_view::npos) return false;
  const std::string_view method = line.substr(0, blank);
  if (!is_token(method)) return false;
  const std::string_view rest = line.substr(blank + 1);
  const size_t end = rest.find(' ');
  const std::string_view target = rest.substr(0, end);
  if (!target.starts_with('/') || target.size() > limits_.target_bytes) return false;
  HeadGuard guard;
  guard.check(line);
  guard.check("\n");  // where the line has been cut off
  if (guard.failed() || !rest.substr(end).starts_with(" HTTP/1.")) return false;
  head_ = target;
  target_ = {0, static_cast<uint32_t>(head_.size())};
  // Nothing of the request before it stays.
  request_ = Request{.method = Method::kOther};
  return read_target();
}

}  // namespace tandem::http
