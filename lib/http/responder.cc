#include "http/responder.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "wire/error_body.h"
#include "wire/status.h"

namespace tandem::http {
namespace internal {

ExchangeLink::ExchangeLink(Exchange& exchange) : exchange_(&exchange) {
  CHECK_MSG(exchange.link_ == nullptr, "an exchange has one handle at a time");
  exchange.link_ = this;
}

ExchangeLink::ExchangeLink(ExchangeLink&& other) noexcept
    : exchange_(std::exchange(other.exchange_, nullptr)) {
  if (exchange_ != nullptr) exchange_->link_ = this;
}

ExchangeLink& ExchangeLink::operator=(ExchangeLink&& other) noexcept {
  if (this == &other) return *this;
  unlink();
  exchange_ = std::exchange(other.exchange_, nullptr);
  if (exchange_ != nullptr) exchange_->link_ = this;
  return *this;
}

Exchange* ExchangeLink::unlink() {
  if (exchange_ != nullptr) {
    exchange_->link_ = nullptr;
    exchange_->on_closed_ = nullptr;
    exchange_->on_taken_ = nullptr;
  }
  return std::exchange(exchange_, nullptr);
}

}  // namespace internal

void Exchange::detach() {
  if (link_ != nullptr) link_->exchange_ = nullptr;
  link_ = nullptr;
  on_closed_ = nullptr;
  on_taken_ = nullptr;
}

void Exchange::detach_and_tell() {
  UniqueFunction<void()> on_closed = std::move(on_closed_);
  detach();
  if (on_closed) on_closed();
}

// The callback may end the stream, and with it itself.
void Exchange::tell_taken() {
  if (!on_taken_) return;
  internal::ExchangeLink* const link = link_;
  UniqueFunction<void()> on_taken = std::move(on_taken_);
  on_taken();
  if (link_ != nullptr && link_ == link && !on_taken_) on_taken_ = std::move(on_taken);
}

EventStream& EventStream::operator=(EventStream&& other) noexcept {
  if (this != &other) {
    leave();
    link_ = std::move(other.link_);
  }
  return *this;
}

bool EventStream::write(std::string_view text) { return open() && link_.get()->stream_write(text); }

void EventStream::on_closed(UniqueFunction<void()> callback) {
  if (open()) link_.get()->on_closed_ = std::move(callback);
}

void EventStream::on_taken(UniqueFunction<void()> callback) {
  if (open()) link_.get()->on_taken_ = std::move(callback);
}

void EventStream::end() {
  if (Exchange* exchange = link_.unlink()) exchange->end_stream();
}

void EventStream::break_off() {
  if (Exchange* exchange = link_.unlink()) exchange->break_stream();
}

void EventStream::leave() {
  if (open() && link_.get()->whole_) return break_off();
  end();
}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    if (Exchange* exchange = link_.unlink()) exchange->abandon();
    link_ = std::move(other.link_);
  }
  return *this;
}

Responder::~Responder() {
  if (Exchange* exchange = link_.unlink()) exchange->abandon();
}

void Responder::send(const Response& response) {
  if (Exchange* exchange = link_.unlink()) exchange->answer(response);
}

void Responder::json(int status, std::string_view text, Headers headers) {
  send({.status = status, .content_type = kJsonType, .body = text, .headers = {headers}});
}

void Responder::text(int status, std::string_view content_type, std::string_view body,
                     Headers headers) {
  send({.status = status, .content_type = content_type, .body = body, .headers = {headers}});
}

void Responder::empty(int status, Headers headers) {
  send({.status = status, .content_type = {}, .body = {}, .headers = {headers}});
}

void Responder::error(int status, std::string_view message, Headers headers) {
  const std::string body = wire::error_body(status, message);
  std::vector<NameValue> all(headers);
  if (status == 503) all.push_back({"Retry-After", "1"});
  send({.status = status, .content_type = kJsonType, .body = body, .headers = all});
}

void Responder::error(const Error& error, Headers headers) {
  this->error(status_of(error.kind), error.message, headers);
}

EventStream Responder::stream(std::string_view content_type, Headers headers) {
  return begin_stream(content_type, headers, false);
}

EventStream Responder::whole_stream(std::string_view content_type, Headers headers) {
  return begin_stream(content_type, headers, true);
}

EventStream Responder::begin_stream(std::string_view content_type, Headers headers, bool whole) {
  Exchange* exchange = link_.unlink();
  if (exchange == nullptr) return {};
  EventStream stream(*exchange);
  exchange->whole_ = whole;
  exchange->begin_stream(content_type, {headers});
  return stream;
}

// What a replica tells whoever may ask another one (wire/status.h), but for three kinds.
int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kBusy:
      return 503;
    case ErrorKind::kTimeout:
      return 504;
    case ErrorKind::kNoSpace:
      return 500;
    default:
      return wire::status_of(kind);
  }
}

}  // namespace tandem::http
