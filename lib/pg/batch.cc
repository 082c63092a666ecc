#include "pg/batch.h"

namespace tandem::pg {
namespace {

// Of a statement, beside its values: messages of the protocol and what this side keeps of it.
constexpr size_t kStatementBytes = 200;

}  // namespace

Batch& Batch::add(Statement statement) {
  if (statement.sql.find('\0') != std::string::npos) {
    status_ = fail(ErrorKind::kBadInput, "a statement of SQL holds a NUL byte");
  }
  if (!statement.parameters.status()) status_ = statement.parameters.status();
  bytes_ += kStatementBytes + statement.parameters.total_bytes() + statement.sql.size();
  statements_.push_back(std::move(statement));
  return *this;
}

Batch& Batch::add(std::string_view sql, Parameters parameters, std::vector<Type> columns) {
  return add({std::string(sql), std::move(parameters), std::move(columns), false});
}

Batch& Batch::add_once(std::string_view sql, Parameters parameters, std::vector<Type> columns) {
  return add({std::string(sql), std::move(parameters), std::move(columns), true});
}

}  // namespace tandem::pg
