// Carries calls out, each until it has an answer or its time is over: tries again after 50 ms,
// doubling up to the call's max_pause_ms, under one request id and one key. Many at a time.
//
// A write of which any try may have been done, and that no later one has settled, ends with
// kUnknown and a message that says "may have been done", whatever became of the last try; where
// that was answered with 500, it stays a kBug.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "call.h"
#include "console.h"
#include "fetch/fetcher.h"
#include "loop/loop.h"

namespace tandem::client {

class Caller {
 public:
  using Completion = UniqueFunction<void(Result<Reply>)>;

  // `timeout_ms` is that of each call. The fetcher allows as many requests as calls are made.
  Caller(loop::Loop& loop, fetch::Fetcher& fetcher, Console& console, int64_t timeout_ms);
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  // The completion is called from the loop, exactly once.
  void call(Call call, Completion done);

  void set_timeout_ms(int64_t timeout_ms) { timeout_ms_ = timeout_ms; }
  int64_t timeout_ms() const { return timeout_ms_; }
  // Where URLs that begin so come from; errors of calls to them that nobody answered say it.
  void set_url_origins(std::vector<std::pair<std::string, std::string>> origins) {
    url_origins_ = std::move(origins);
  }
  // The error with that added.
  Error with_origin(Error error, const std::string& url) const;

 private:
  struct Attempt;

  void send(Attempt& attempt);
  void on_answer(uint64_t id, Result<fetch::Answer> answer);
  Error end_of(const Attempt& attempt, Error last, bool gave_up) const;
  void pause(Attempt& attempt, const std::string& why);
  void repeat(Attempt& attempt);
  void tell_trouble_once(const Attempt& attempt, const std::string& why);
  void finish(uint64_t id, Result<Reply> reply);

  loop::Loop& loop_;
  fetch::Fetcher& fetcher_;
  Console& console_;
  int64_t timeout_ms_;
  std::vector<std::pair<std::string, std::string>> url_origins_;
  uint64_t last_id_ = 0;
  bool told_trouble_ = false;
  std::unordered_map<uint64_t, std::unique_ptr<Attempt>> attempts_;
};

}  // namespace tandem::client
