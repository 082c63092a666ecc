// The toy store as a subject of torture: three ts-order, one or three ts-catalog, two ts-front.
#pragma once

#include <memory>

#include "settings.h"
#include "subject.h"

namespace tandem::torture::store {

// `settings` outlives it.
std::unique_ptr<Subject> make_subject(const Settings& settings);

}  // namespace tandem::torture::store
