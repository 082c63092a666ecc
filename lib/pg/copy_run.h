// A COPY FROM STDIN under way. libpq has none in pipeline mode: it leaves that mode and enters it
// again at the end. Private to lib/pg.
#pragma once

#include <optional>
#include <string>

#include "pg/connection.h"
#include "pg/copy.h"
#include "pg/pq.h"

namespace tandem::pg {

class CopyRun {
 public:
  // REQUIRES, from here on until it is done: the connection is up and nothing else uses it.
  CopyRun(PGconn* conn, CopySource source) : conn_(conn), source_(std::move(source)) {}

  // False: broken.
  bool start(const std::string& sql);
  // Takes what has come, and asks the source once where `flushed`: libpq has nothing left to write.
  // False: broken.
  bool go_on(bool flushed);
  void wake() { waits_ = false; }

  bool is_done() const { return outcome_.has_value(); }
  // It is to be called again as soon as the socket takes bytes.
  bool wants_to_write() const { return stage_ == Stage::kFeeding && !waits_; }
  // Nobody owes an answer: the source has nothing.
  bool waits() const { return waits_; }
  const std::string& broken() const { return broken_; }
  // REQUIRES: is_done().
  Outcome take_outcome() { return std::move(*outcome_); }

 private:
  enum class Stage : uint8_t { kAsking, kFeeding, kAnswer };

  bool feed();
  bool put_end(const char* why_not);
  bool take_answers();
  bool take(PqResult result);
  bool finish();
  bool break_off(std::string why);

  PGconn* const conn_;
  CopySource source_;
  CopyRows rows_;
  Stage stage_ = Stage::kAsking;
  bool waits_ = false;
  bool is_last_ = false;
  std::optional<Error> source_error_;
  std::optional<Failure> failure_;
  Rows answer_;
  std::optional<Outcome> outcome_;
  std::string broken_;
};

}  // namespace tandem::pg
