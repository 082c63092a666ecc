#include "replica/backup_form.h"

namespace tandem::replica {
namespace {

Status restorable(const Status& checked) {
  if (checked) return checked;
  return fail(checked.error().kind,
              "the state holds what cannot be restored: " + checked.error().message);
}

}  // namespace

Status BackupForm::begin(std::string& out) {
  lines_.header(header_, out);
  return {};
}

Status BackupForm::row(std::string_view row, std::string& out) {
  lines_.row(row, out);
  return checker_ == nullptr ? Status() : restorable(checker_->check(row));
}

Status BackupForm::finish(std::string& out) {
  lines_.trailer(out);
  return checker_ == nullptr ? Status() : restorable(checker_->finish());
}

}  // namespace tandem::replica
