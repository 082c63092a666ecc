#include "pg/pipeline.h"

#include <utility>

#include "pg/rows_maker.h"

namespace tandem::pg {
namespace {

Oid oid_of(Type type) {
  switch (type) {
    case Type::kBool:
      return kOidBool;
    case Type::kInt64:
      return kOidInt8;
    case Type::kText:
      return kOidText;
    case Type::kBytes:
      return kOidBytes;
    case Type::kBoolArray:
      return kOidBoolArray;
    case Type::kInt64Array:
      return kOidInt8Array;
    case Type::kTextArray:
      return kOidTextArray;
  }
  return 0;
}

std::string name_of(uint64_t id) { return "s" + std::to_string(id); }

bool begins(Place place) { return place == Place::kWhole || place == Place::kOpens; }
bool commits(Place place) { return place == Place::kWhole || place == Place::kCloses; }

std::string begin_text(const Batch& batch) {
  return batch.mode().empty() ? "BEGIN" : "BEGIN " + batch.mode();
}
const std::string kCommit = "COMMIT";

// The server's own words for it may be in any language; where it says so is not.
bool says_plan_is_stale(const PGresult* result, const Failure& failure) {
  return failure.sqlstate == "26000" ||
         (failure.sqlstate == "0A000" &&
          field(result, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery");
}

}  // namespace

bool Pipeline::send(Batch batch, Completion done, uint64_t now_ms) {
  const Place place = batch.place();
  const bool goes_on = place == Place::kWithin || place == Place::kCloses;
  if (goes_on && !open_) {
    refused_.push_back(
        {std::move(done),
         tl::unexpected<Failure>(Failure{{ErrorKind::kUnavailable, "its transaction is over"}})});
    return true;
  }
  // Left open: its end was not sent, for want of room.
  if (!goes_on && open_ && !send_roll_back(transaction_)) {
    refused_.push_back({std::move(done), tl::unexpected<Failure>(Failure{
                                             {ErrorKind::kUnavailable, "not done: " + broken_}})});
    return false;
  }
  if (begins(place)) ++transaction_;
  Running running{.batch = std::move(batch), .done = std::move(done), .sent_ms = now_ms};
  if (place != Place::kAlone) running.transaction = transaction_;
  return send(std::move(running));
}

bool Pipeline::send(Running running) {
  bytes_in_flight_ += running.batch.bytes();
  std::vector<uint64_t> ids;
  const bool sent =
      send_what_goes_before(running, ids) && send_statements(running, ids) && sync(Kind::kBatchEnd);
  open_ = running.batch.place() == Place::kOpens || running.batch.place() == Place::kWithin;
  in_flight_.push_back(std::move(running));
  return sent;
}

bool Pipeline::send_what_goes_before(const Running& running, std::vector<uint64_t>& ids) {
  const Batch& batch = running.batch;
  // Should the transaction before fail, it would still be there, and refuse everything.
  if (!in_flight_.empty() && !open_ && in_flight_.back().transaction > rolled_back_ &&
      !send_roll_back(in_flight_.back().transaction)) {
    return false;
  }
  if (forget_) {
    forget_ = false;
    cache_.clear();
    to_deallocate_.clear();
    if (!add(Kind::kDeallocate, 0, send_unnamed("DEALLOCATE ALL", {})) || !sync(Kind::kSync)) {
      return false;
    }
  }
  const uint64_t since = cache_.uses();
  const auto find = [this, &ids](const std::string& sql, const std::vector<Type>& types) {
    const auto found = cache_.use(sql, types);
    ids.push_back(found.id);
    return !found.is_new || send_prepare(found.id, sql, types);
  };
  if (begins(batch.place()) && !find(begin_text(batch), {})) return false;
  for (const Batch::Statement& statement : batch.statements_) {
    if (statement.once) {
      ids.push_back(0);
    } else if (!find(statement.sql, statement.parameters.types())) {
      return false;
    }
  }
  if (commits(batch.place()) && !find(kCommit, {})) return false;
  for (const uint64_t id : cache_.evict(since)) to_deallocate_.push_back(id);
  for (const uint64_t id : std::exchange(to_deallocate_, {})) {
    if (!send_deallocate(id)) return false;
  }
  return true;
}

bool Pipeline::send_statements(const Running& running, const std::vector<uint64_t>& ids) {
  const Batch& batch = running.batch;
  auto id = ids.begin();
  if (begins(batch.place()) && !add(Kind::kBegin, *id, send_named(*id, {}))) return false;
  if (begins(batch.place())) ++id;
  for (const Batch::Statement& statement : batch.statements_) {
    const bool sent = statement.once ? send_unnamed(statement.sql, statement.parameters)
                                     : send_named(*id, statement.parameters);
    if (!add(Kind::kStatement, *id++, sent)) return false;
  }
  return !commits(batch.place()) || add(Kind::kCommit, *id, send_named(*id, {}));
}

bool Pipeline::send_prepare(uint64_t id, const std::string& sql, const std::vector<Type>& types) {
  types_.clear();
  for (const Type type : types) types_.push_back(oid_of(type));
  return add(Kind::kPrepare, id,
             PQsendPrepare(conn_, name_of(id).c_str(), sql.c_str(), static_cast<int>(types_.size()),
                           types_.data())) &&
         sync(Kind::kSync);
}

bool Pipeline::send_deallocate(uint64_t id) {
  return add(Kind::kDeallocate, id, send_unnamed("DEALLOCATE " + name_of(id), {})) &&
         sync(Kind::kSync);
}

bool Pipeline::send_roll_back(uint64_t transaction) {
  open_ = false;
  rolled_back_ = transaction;
  return add(Kind::kRollback, 0, send_unnamed("ROLLBACK", {})) && sync(Kind::kSync);
}

bool Pipeline::sync(Kind kind) { return add(kind, 0, PQpipelineSync(conn_)); }

bool Pipeline::add(Kind kind, uint64_t statement, int sent) {
  if (sent == 0) return break_off(in_one_line(PQerrorMessage(conn_)));
  steps_.push_back({kind, statement});
  return true;
}

void Pipeline::fill(const Parameters& parameters) {
  types_.clear();
  values_.clear();
  lengths_.clear();
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto value = parameters.value(i);
    types_.push_back(oid_of(parameters.types()[i]));
    // An empty value is no null.
    values_.push_back(value ? (value->data() == nullptr ? "" : value->data()) : nullptr);
    lengths_.push_back(value ? static_cast<int>(value->size()) : 0);
  }
  formats_.assign(parameters.size(), 1);
}

bool Pipeline::send_unnamed(const std::string& sql, const Parameters& parameters) {
  fill(parameters);
  return PQsendQueryParams(conn_, sql.c_str(), static_cast<int>(values_.size()), types_.data(),
                           values_.data(), lengths_.data(), formats_.data(), 1) != 0;
}

bool Pipeline::send_named(uint64_t id, const Parameters& parameters) {
  fill(parameters);
  return PQsendQueryPrepared(conn_, name_of(id).c_str(), static_cast<int>(values_.size()),
                             values_.data(), lengths_.data(), formats_.data(), 1) != 0;
}

bool Pipeline::receive(std::optional<Finished>& finished) {
  finished.reset();
  if (!refused_.empty()) {
    finished = std::move(refused_.front());
    refused_.pop_front();
    return true;
  }
  // Parses what an idle session is told: its end.
  if (steps_.empty()) PQisBusy(conn_);
  int nothing = 0;
  while (!steps_.empty() && !finished && PQisBusy(conn_) == 0) {
    PqResult result(PQgetResult(conn_));
    if (result == nullptr) {
      // The end of a command's results. Two in a row: there is nothing more.
      if (++nothing > 1) break;
      if (steps_.front().answered) steps_.pop_front();
      continue;
    }
    nothing = 0;
    if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
      if (!take_end_of_block(finished)) return false;
    } else if (!take(std::move(result))) {
      return false;
    }
  }
  return true;
}

bool Pipeline::take_end_of_block(std::optional<Finished>& finished) {
  const Kind kind = steps_.front().kind;
  if (is_command(kind)) return break_off("the server's answers are out of step");
  steps_.pop_front();
  return kind == Kind::kSync || finish_batch(finished);
}

bool Pipeline::take(PqResult result) {
  Step& step = steps_.front();
  if (!is_command(step.kind) || step.answered) {
    // A session that ends may say so at any time.
    return break_off(PQresultStatus(result.get()) == PGRES_FATAL_ERROR
                         ? failure_of(result.get()).error.message
                         : "the server's answers are out of step");
  }
  step.answered = true;
  return take_answer(step, std::move(result));
}

bool Pipeline::take_answer(Step& step, PqResult result) {
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_PIPELINE_ABORTED) return true;
  if (status == PGRES_FATAL_ERROR) {
    Failure failure = failure_of(result.get());
    // Neither is anything that the server said of this command.
    if (failure.sqlstate.empty() || is_fatal(result.get())) return break_off(failure.error.message);
    switch (step.kind) {
      case Kind::kPrepare:
        cache_.drop(step.statement);
        not_prepared_.emplace(step.statement, std::move(failure));
        return true;
      case Kind::kDeallocate:
        // In a transaction that has failed; the next time will do.
        if (step.statement != 0 && failure.sqlstate != "26000") {
          to_deallocate_.push_back(step.statement);
        }
        if (step.statement == 0) forget_ = true;
        return true;
      case Kind::kRollback:
        return break_off(failure.error.message);
      default:
        break;
    }
    const auto known = not_prepared_.find(step.statement);
    if (failure.sqlstate == "26000" && known != not_prepared_.end()) {
      failure = known->second;
    } else {
      in_flight_.front().is_stale |= says_plan_is_stale(result.get(), failure);
    }
    fail_batch(std::move(failure));
    return true;
  }
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    return break_off("the server answers a statement with " + std::string(PQresStatus(status)));
  }
  if (step.kind == Kind::kCommit && std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
    // The server's answer to COMMIT in a transaction that has failed before.
    fail_batch({{ErrorKind::kUnavailable, "its transaction had failed before"}, "25P02"});
  }
  if (step.kind != Kind::kStatement) return true;
  Running& running = in_flight_.front();
  auto rows = RowsMaker::make(std::move(result), running.batch.statements_[running.next].columns);
  if (rows) {
    running.rows.push_back(std::move(*rows));
  } else {
    fail_batch({rows.error()});
  }
  ++running.next;
  return true;
}

void Pipeline::fail_batch(Failure failure) {
  Running& running = in_flight_.front();
  if (running.failure) return;  // the first is the reason of the others
  failure.statement = running.next;
  running.failure = std::move(failure);
}

bool Pipeline::finish_batch(std::optional<Finished>& finished) {
  Running running = std::move(in_flight_.front());
  in_flight_.pop_front();
  bytes_in_flight_ -= running.batch.bytes();
  if (in_flight_.empty()) not_prepared_.clear();
  if (!running.failure) {
    finished.emplace(Finished{std::move(running.done), std::move(running.rows)});
    return true;
  }
  if (running.transaction > rolled_back_ && !send_roll_back(running.transaction)) {
    in_flight_.push_front(std::move(running));
    bytes_in_flight_ += in_flight_.front().batch.bytes();
    return false;
  }
  if (running.is_stale) {
    forget_ = true;
    const bool alone = in_flight_.empty() && running.batch.place() != Place::kWithin &&
                       running.batch.place() != Place::kCloses;
    if (alone && !running.sent_again) {
      Running again{.batch = std::move(running.batch),
                    .done = std::move(running.done),
                    .sent_ms = running.sent_ms,
                    .sent_again = true};
      if (running.transaction != 0) again.transaction = ++transaction_;
      return send(std::move(again));
    }
    running.failure->error.kind = ErrorKind::kUnavailable;
  }
  finished.emplace(
      Finished{std::move(running.done), tl::unexpected<Failure>(std::move(*running.failure))});
  return true;
}

bool Pipeline::break_off(std::string why) {
  if (broken_.empty()) broken_ = std::move(why);
  return false;
}

bool Pipeline::copy_failed() {
  if (!open_) return true;
  return send_roll_back(transaction_);
}

std::deque<Pipeline::Finished> Pipeline::lose(const std::string& why) {
  std::deque<Finished> lost = std::exchange(refused_, {});
  for (Running& running : in_flight_) {
    Failure failure{{ErrorKind::kUnknown, "outcome unknown: " + why}};
    lost.push_back({std::move(running.done), tl::unexpected<Failure>(std::move(failure))});
  }
  in_flight_.clear();
  steps_.clear();
  bytes_in_flight_ = 0;
  return lost;
}

}  // namespace tandem::pg
