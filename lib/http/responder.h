// The two ends of an answer: Responder and EventStream are what a handler holds, Exchange is what
// carries the answer out (a connection, or RecordedExchange in a test).
//
// A handler answers exactly once, at once or later, on the loop's thread. A Responder that is
// dropped unused answers 500 and logs it. Handle and exchange know each other and either may go
// first: answering after the client or the whole server has gone does nothing.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "base/shared_bytes.h"
#include "http/request.h"
#include "wire/json.h"

namespace tandem::http {

inline constexpr std::string_view kJsonType = "application/json";

struct Response {
  int status = 200;
  std::string_view content_type{};  // "" for an answer without a body
  std::string_view body{};
  // Content-Length, Date, X-Request-Id and Connection are not to be given: the server adds them. A
  // name that is no token or a value with a control character (CR, LF) makes the answer a 500.
  std::span<const NameValue> headers{};
  // The body once more where a connection may keep it instead of a copy; else empty.
  SharedBytes shared_body{};
};

// The HTTP status for an error: 400 kBadInput, 404 kNotFound, 409 kConflict, 413 kTooLarge,
// 503 kUnavailable and kBusy, 504 kTimeout and kUnknown, 500 everything else.
int status_of(ErrorKind kind);

class Exchange;
class Responder;

namespace internal {
// One end of the link between a handle and its exchange; moving the handle moves the link.
class ExchangeLink {
 public:
  ExchangeLink() = default;
  explicit ExchangeLink(Exchange& exchange);
  ExchangeLink(ExchangeLink&& other) noexcept;
  ExchangeLink& operator=(ExchangeLink&& other) noexcept;
  ExchangeLink(const ExchangeLink&) = delete;
  ExchangeLink& operator=(const ExchangeLink&) = delete;
  ~ExchangeLink() { unlink(); }

  Exchange* get() const { return exchange_; }
  // Cuts the link; what was the exchange, or nullptr where it has gone.
  Exchange* unlink();

 private:
  friend class ::tandem::http::Exchange;
  Exchange* exchange_ = nullptr;
};
}  // namespace internal

// Carries out the answer of one request at a time; written for connections and test recorders.
class Exchange {
 public:
  virtual void answer(const Response& response) = 0;
  // The handler dropped its Responder.
  virtual void abandon() = 0;
  virtual void begin_stream(std::string_view content_type, std::span<const NameValue> headers) = 0;
  // False: the stream is over (the peer is gone or too slow).
  virtual bool stream_write(std::string_view bytes) = 0;
  virtual void end_stream() = 0;
  // The stream is cut: the peer sees that it is not whole.
  virtual void break_stream() = 0;

 protected:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() { detach(); }

  bool linked() const { return link_ != nullptr; }
  // Nobody is to answer any more: the handle becomes harmless.
  void detach();
  // detach(), then the closed callback of the stream where one was set.
  void detach_and_tell();
  // Everything that was written to the stream has left.
  void tell_taken();
  // What is not at its end must not look as if it were.
  bool stream_is_whole() const { return whole_; }

 private:
  friend class internal::ExchangeLink;
  friend class EventStream;
  friend class Responder;
  internal::ExchangeLink* link_ = nullptr;
  UniqueFunction<void()> on_closed_;
  UniqueFunction<void()> on_taken_;
  bool whole_ = false;
};

// An answer of unknown length, sent piece by piece: server-sent events. Destroying it ends the
// answer properly. The caller writes whole event texts ("data: …\n\n", ": ping\n\n").
//
// One that is to come whole, as a file, is ended by end() alone: where it is destroyed before, or
// the server drains, it breaks off, so that nobody takes a part for all of it.
class EventStream {
 public:
  EventStream() = default;  // closed
  EventStream(EventStream&& other) noexcept = default;
  EventStream& operator=(EventStream&& other) noexcept;
  ~EventStream() { leave(); }

  bool open() const { return link_.get() != nullptr; }
  // False once the client has gone, or was dropped because more than Limits::stream_backlog_bytes
  // waited for it.
  bool write(std::string_view text);
  // Called once, from the loop and never from inside write(), when the client goes, is dropped, or
  // the server drains. Not called after end(), nor where the stream is over already (!open()).
  void on_closed(UniqueFunction<void()> callback);
  // Called from the loop, never from inside write(), whenever the kernel has all that was written:
  // whoever has much to say waits for that before it says more.
  void on_taken(UniqueFunction<void()> callback);
  void end();
  void break_off();

 private:
  friend class Responder;
  explicit EventStream(Exchange& exchange) : link_(exchange) {}
  void leave();
  internal::ExchangeLink link_;
};

class Responder {
 public:
  using Headers = std::initializer_list<NameValue>;

  Responder() = default;  // already answered
  explicit Responder(Exchange& exchange) : link_(exchange) {}
  Responder(Responder&& other) noexcept = default;
  Responder& operator=(Responder&& other) noexcept;
  ~Responder();

  void send(const Response& response);
  // `text` is JSON already.
  void json(int status, std::string_view text, Headers headers = {});
  // A template, so that text is never taken for a Json to be made of it.
  template <std::same_as<wire::Json> Json>
  void json(int status, const Json& value, Headers headers = {}) {
    json(status, std::string_view(value.dump()), headers);
  }
  void text(int status, std::string_view content_type, std::string_view body, Headers headers = {});
  void empty(int status, Headers headers = {});
  // The error object; 503 gets `Retry-After: 1`.
  void error(int status, std::string_view message, Headers headers = {});
  void error(const Error& error, Headers headers = {});
  // Starts a stream with status 200; the Responder is used up.
  EventStream stream(std::string_view content_type = "text/event-stream", Headers headers = {});
  // The same for one that is to come whole.
  EventStream whole_stream(std::string_view content_type, Headers headers = {});

  // False once it has answered or nobody waits for the answer any more.
  bool waiting() const { return link_.get() != nullptr; }

 private:
  EventStream begin_stream(std::string_view content_type, Headers headers, bool whole);

  internal::ExchangeLink link_;
};

}  // namespace tandem::http
