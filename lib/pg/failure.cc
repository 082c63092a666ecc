#include "pg/failure.h"

#include "pg/pq.h"

namespace tandem::pg {
namespace {

struct Meaning {
  std::string_view beginning;  // of the code
  ErrorKind kind;
};

// The first that fits: single codes stand before their class.
constexpr Meaning kMeanings[] = {
    {"08007", ErrorKind::kUnknown},      // transaction resolution unknown
    {"08", ErrorKind::kUnavailable},     // connection exception
    {"22", ErrorKind::kBadInput},        // data exception
    {"23", ErrorKind::kConflict},        // integrity constraint violation
    {"25006", ErrorKind::kUnavailable},  // read-only transaction: a standby
    {"25P0", ErrorKind::kUnavailable},   // transaction is aborted, or was idle for too long
    {"28", ErrorKind::kPermission},      // invalid authorization
    {"3D000", ErrorKind::kNotFound},     // invalid catalog name
    {"40002", ErrorKind::kConflict},     // integrity constraint violation at the end
    {"40003", ErrorKind::kUnknown},      // statement completion unknown
    {"40", ErrorKind::kConflict},        // serialization failure, deadlock
    {"42501", ErrorKind::kPermission},   // insufficient privilege
    {"53000", ErrorKind::kExhausted},    // insufficient resources
    {"53100", ErrorKind::kNoSpace},      // disk full
    {"53200", ErrorKind::kExhausted},    // out of memory
    {"53300", ErrorKind::kUnavailable},  // too many connections
    {"53400", ErrorKind::kExhausted},    // configuration limit exceeded
    {"54", ErrorKind::kTooLarge},        // program limit exceeded
    {"55006", ErrorKind::kBusy},         // object in use
    {"55P03", ErrorKind::kBusy},         // lock not available
    {"57014", ErrorKind::kTimeout},      // query canceled
    {"57P04", ErrorKind::kNotFound},     // the database was dropped
    {"57", ErrorKind::kUnavailable},     // operator intervention: shutdown, starting up
    {"58", ErrorKind::kIo},              // system error
    {"F0", ErrorKind::kConfig},          // configuration file error
    {"XX001", ErrorKind::kCorrupt},      // data corrupted
    {"XX002", ErrorKind::kCorrupt},      // index corrupted
};

}  // namespace

ErrorKind kind_of_sqlstate(std::string_view sqlstate) {
  for (const Meaning& meaning : kMeanings) {
    if (sqlstate.starts_with(meaning.beginning)) return meaning.kind;
  }
  return ErrorKind::kBug;
}

bool is_disk_full(const Error& why) {
  return why.kind == ErrorKind::kNoSpace || why.message.find("(53100)") != std::string::npos;
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

std::string in_one_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::string line;
  for (const char c : text) {
    // Terminals and log lines get nothing that the server could steer them with.
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control && line.ends_with(' ')) continue;
    line += control ? ' ' : c;
  }
  return line;
}

Failure failure_of(const PGresult* result) {
  Failure failure;
  failure.sqlstate = field(result, PG_DIAG_SQLSTATE);
  failure.detail = in_one_line(field(result, PG_DIAG_MESSAGE_DETAIL));
  failure.constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
  std::string text = field(result, PG_DIAG_MESSAGE_PRIMARY);
  // What libpq says by itself has neither.
  if (text.empty()) text = PQresultErrorMessage(result);
  failure.error = {
      failure.sqlstate.empty() ? ErrorKind::kUnavailable : kind_of_sqlstate(failure.sqlstate),
      "PostgreSQL: " + in_one_line(text)};
  if (!failure.sqlstate.empty()) failure.error.message += " (" + failure.sqlstate + ")";
  return failure;
}

bool is_fatal(const PGresult* result) {
  const std::string severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity == "FATAL" || severity == "PANIC";
}

}  // namespace tandem::pg
