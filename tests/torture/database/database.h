// The replicated database as a subject of torture: rs-orch with three workers, rs-users, rs-rides.
#pragma once

#include <memory>

#include "settings.h"
#include "subject.h"

namespace tandem::torture::database {

// `settings` outlives it.
std::unique_ptr<Subject> make_subject(const Settings& settings);

}  // namespace tandem::torture::database
