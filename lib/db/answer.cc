#include "db/answer.h"

#include <utility>

#include "wire/error_body.h"

namespace tandem::db {
namespace {

uint16_t status_of(ErrorKind kind) {
  if (kind == ErrorKind::kConflict) return 409;
  return kind == ErrorKind::kTooLarge ? 413 : 400;
}

std::string begin_results(uint64_t index) {
  return "{\"index\":" + std::to_string(index) + ",\"results\":[";
}

}  // namespace

repl::Applied refused(const Refusal& refusal) {
  const uint16_t status = status_of(refusal.error.kind);
  std::string more;
  if (refusal.condition >= 0) more += ",\"condition\":" + std::to_string(refusal.condition);
  if (refusal.operation >= 0) more += ",\"operation\":" + std::to_string(refusal.operation);
  return {status, wire::error_body(status, refusal.error.message, more)};
}

repl::Applied refused(const Error& error) { return refused(Refusal{error, -1, -1}); }

repl::Applied one_result(uint64_t index, uint64_t affected) {
  return {200, begin_results(index) + "{\"affected\":" + std::to_string(affected) + "}]}"};
}

repl::Applied answer_change(Transaction& transaction, Change change, uint64_t index) {
  repl::Applied applied{200, begin_results(index)};
  const auto done = transaction.run(std::move(change), applied.body);
  if (!done) return refused(done.error());
  applied.body += "]}";
  return applied;
}

}  // namespace tandem::db
