// HTTP requests from the loop: many at a time over connections that are kept alive, each with a
// deadline. libcurl's multi interface behind it, on the timers and descriptors of lib/loop.
//
//   fetch::Fetcher fetcher{loop, {}};
//   fetcher.fetch({.url = "http://127.0.0.1:8500/v1/status/leader", .timeout_ms = 500},
//                 [](Result<fetch::Answer> answer) { … });
//
// Every status is an Answer; an Error means that there is none:
//   kUnavailable  no connection, or none that is trusted (TLS): nothing was sent, not even on a
//                 connection that broke then
//   kUnknown      the connection broke before the answer was complete
//   kTimeout      the deadline passed first; the request may have been carried out
//   kTooLarge     the answer is longer than Limits::max_body
//   kConfig       the URL cannot be used
// It never repeats a request by itself, with one exception: where a kept connection turns out to be
// closed before any byte of an answer came, libcurl sends the request again on a new one. Such a
// request may thus be carried out twice; Request::once forbids that at the price of a connection.
//
// Proxies of the environment are not used, redirects are not followed. A completion is called on
// the loop, never from inside fetch(), exactly once unless the request is cancelled or the Fetcher
// is destroyed; it may call fetch() and cancel(), but must not destroy the Fetcher.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "fetch/answer.h"
#include "loop/loop.h"

namespace tandem::fetch {

// Of https. Paths; empty: the system's authorities, no certificate of ours.
struct Tls {
  std::string ca_file = {};
  std::string cert_file = {};
  std::string key_file = {};  // empty: the certificate's file holds the key
};

struct Request {
  std::string method = "GET";
  std::string url = {};
  std::string unix_socket = {};  // a path: connects there, not to the host of the URL
  Tls tls = {};
  std::vector<std::string> headers = {};  // "Name: value"
  std::string body = {};
  int64_t timeout_ms = 10'000;         // until the last byte of the answer; 0: forever
  int64_t connect_timeout_ms = 5'000;  // within timeout_ms
  bool once = false;                   // on a connection of its own, see above
  // Where set, it gets the body of a 2xx answer piece by piece instead of Answer::body, without
  // limit. It must not call the Fetcher.
  UniqueFunction<void(std::string_view)> on_body = {};
};

struct Limits {
  size_t max_in_flight = 256;    // also the number of connections that are kept
  size_t max_body = 256u << 20;  // bytes
};

class Fetcher {
 public:
  using Completion = UniqueFunction<void(Result<Answer>)>;

  Fetcher(loop::Loop& loop, Limits limits);
  ~Fetcher();  // drops what is in flight, without completions
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // A number for cancel(). kBusy where max_in_flight requests are under way; the completion is then
  // not called.
  Result<uint64_t> fetch(Request request, Completion completion);
  // The completion is not called any more. Does nothing for what is done.
  void cancel(uint64_t id);
  size_t in_flight() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem::fetch
