// The name that ts-catalog and ts-order know replica/endpoint.h by.
#pragma once

#include "replica/endpoint.h"

namespace tandem::replica {

using Service = Endpoint;

}  // namespace tandem::replica
