#include "http/response_head.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>

#include "base/check.h"
#include "base/clock.h"

namespace tandem::http {
namespace {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 425:
      return "Too Early";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Other";
  }
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool is_value_char(char c) {
  return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) || c == '\t';
}

bool is_own_header(std::string_view name) {
  static constexpr std::string_view kOwn[] = {
      "content-length", "content-type", "connection", "date", "transfer-encoding", "x-request-id"};
  return std::any_of(std::begin(kOwn), std::end(kOwn),
                     [&](std::string_view own) { return equals_ignoring_case(own, name); });
}

void append_number(std::string& out, size_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

}  // namespace

void DateLine::renew(uint64_t loop_ms) {
  const int64_t wall_ms = system_clock().wall_ms();
  const std::time_t seconds = wall_ms / 1000;
  std::tm broken_down{};
  gmtime_r(&seconds, &broken_down);
  // strftime's names of days and months follow LC_TIME; tandem never leaves the C locale.
  char text[sizeof text_ + 1];
  const size_t length =
      std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &broken_down);
  CHECK(length == sizeof text_);
  std::memcpy(text_, text, sizeof text_);
  valid_until_ms_ = loop_ms + static_cast<uint64_t>(1000 - wall_ms % 1000);
}

bool is_safe(std::string_view content_type, std::span<const NameValue> headers) {
  const auto is_value = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), is_value_char);
  };
  return is_value(content_type) &&
         std::all_of(headers.begin(), headers.end(), [&](const NameValue& header) {
           return !header.name.empty() && is_value(header.value) &&
                  std::all_of(header.name.begin(), header.name.end(), is_name_char) &&
                  !is_own_header(header.name);
         });
}

void append_head(std::string& out, const ResponseHead& head) {
  if (head.status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
  } else {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<size_t>(head.status));
    out += ' ';
    out += reason_phrase(head.status);
    out += "\r\n";
  }
  if (head.content_type == kJsonType) {
    out += "Content-Type: application/json\r\n";
  } else if (!head.content_type.empty()) {
    out += "Content-Type: ";
    out += head.content_type;
    out += "\r\n";
  }
  if (head.length == ResponseHead::Length::kGiven) {
    out += "Content-Length: ";
    append_number(out, head.content_length);
    out += "\r\n";
  } else if (head.length == ResponseHead::Length::kChunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  if (!head.connection.empty()) {
    out += "Connection: ";
    out += head.connection;
    out += "\r\n";
  }
  if (!head.origin.empty()) {
    out += "Access-Control-Allow-Origin: ";
    out += head.origin;
    out +=
        "\r\nAccess-Control-Expose-Headers: X-Db-Index, X-Request-Id, Idempotency-Key, "
        "Retry-After, Allow\r\n";
  }
  if (head.varies) out += "Vary: Origin\r\n";
  for (const NameValue& header : head.extra) {
    out += header.name;
    out += ": ";
    out += header.value;
    out += "\r\n";
  }
  out += head.date_line;
  out += "X-Request-Id: ";
  out += head.request_id;
  out += "\r\n\r\n";
}

}  // namespace tandem::http
