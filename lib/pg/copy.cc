#include "pg/copy.h"

#include <utility>

#include "pg/array.h"
#include "pg/copy_run.h"
#include "pg/rows_maker.h"

namespace tandem::pg {
namespace {

using namespace std::string_view_literals;

// The binary form of COPY: this, flags, the length of what may come in later versions, rows. A row
// is the number of its values and each as length and bytes, or -1; -1 instead of a row is the end.
constexpr std::string_view kHead = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"sv;
constexpr size_t kMostValues = 1600;  // columns of a table

}  // namespace

Status CopyRows::add(const Parameters& row) {
  if (!row.status()) return row.status();
  if (row.size() > kMostValues) return fail(ErrorKind::kBadInput, "a row has at most 1600 values");
  append_i16(bytes_, static_cast<int16_t>(row.size()));
  for (size_t i = 0; i < row.size(); ++i) {
    const auto value = row.value(i);
    if (value) {
      append_element(bytes_, *value);
    } else {
      append_i32(bytes_, -1);
    }
  }
  return {};
}

bool CopyRun::start(const std::string& sql) {
  rows_.bytes_ = kHead;  // also where there are no rows
  if (PQexitPipelineMode(conn_) == 0 || PQsendQuery(conn_, sql.c_str()) == 0) {
    return break_off(in_one_line(PQerrorMessage(conn_)));
  }
  return true;
}

bool CopyRun::go_on(bool flushed) {
  if (stage_ == Stage::kFeeding && flushed && !waits_ && !feed()) return false;
  // The answer may have been read before the end was sent: no event will tell of it.
  return stage_ == Stage::kFeeding || take_answers();
}

bool CopyRun::feed() {
  if (!is_last_) {
    const auto next = source_(rows_);
    is_last_ = !next || *next == CopyNext::kEnd;
    waits_ = next && *next == CopyNext::kWait;
    if (!next) {
      source_error_ = next.error();
      return put_end("given up by the client");
    }
    if (is_last_) append_i16(rows_.bytes_, -1);
  }
  if (!rows_.bytes_.empty()) {
    const int put =
        PQputCopyData(conn_, rows_.bytes_.data(), static_cast<int>(rows_.bytes_.size()));
    if (put == 0) return true;  // no memory for it now
    // The server may have ended it: its answer says why.
    if (put < 0) return put_end("cannot go on");
    rows_.bytes_.clear();
  }
  return !is_last_ || put_end(nullptr);
}

bool CopyRun::put_end(const char* why_not) {
  stage_ = Stage::kAnswer;
  if (PQputCopyEnd(conn_, why_not) <= 0 && PQstatus(conn_) == CONNECTION_BAD) {
    return break_off(in_one_line(PQerrorMessage(conn_)));
  }
  return true;
}

bool CopyRun::take_answers() {
  while (PQisBusy(conn_) == 0) {
    PqResult result(PQgetResult(conn_));
    if (result == nullptr) return finish();
    if (!take(std::move(result))) return false;
    if (stage_ == Stage::kFeeding) return true;
  }
  return true;
}

bool CopyRun::take(PqResult result) {
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COPY_IN && stage_ == Stage::kAsking) {
    stage_ = Stage::kFeeding;
    return true;
  }
  if (status == PGRES_FATAL_ERROR) {
    Failure failure = failure_of(result.get());
    if (failure.sqlstate.empty() || is_fatal(result.get())) return break_off(failure.error.message);
    if (!failure_) failure_ = std::move(failure);
    return true;
  }
  if (status != PGRES_COMMAND_OK || stage_ != Stage::kAnswer) {
    return break_off("the server answers COPY with " + std::string(PQresStatus(status)));
  }
  auto rows = RowsMaker::make(std::move(result), {});
  if (rows) answer_ = std::move(*rows);
  return true;
}

bool CopyRun::finish() {
  if (PQenterPipelineMode(conn_) == 0) return break_off(in_one_line(PQerrorMessage(conn_)));
  if (source_error_) {
    outcome_ = tl::unexpected<Failure>(Failure{*source_error_});
  } else if (failure_) {
    outcome_ = tl::unexpected<Failure>(std::move(*failure_));
  } else {
    std::vector<Rows> rows;
    rows.push_back(std::move(answer_));
    outcome_ = std::move(rows);
  }
  return true;
}

bool CopyRun::break_off(std::string why) {
  broken_ = std::move(why);
  return false;
}

}  // namespace tandem::pg
