#include "export_form.h"

#include "repl/key_rules.h"

namespace tandem::worker {

Status ExportForm::row(std::string_view row, std::string& out) {
  return repl::is_key_row(row) ? Status() : writer_.add(row, out);
}

}  // namespace tandem::worker
