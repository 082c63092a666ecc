// The answers to commands: see database.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "db/command.h"
#include "db/meter.h"
#include "db/schema.h"
#include "db/table.h"
#include "db/transaction.h"
#include "repl/state_machine.h"

namespace tandem::db {

repl::Applied refused(const Refusal& refusal);
repl::Applied refused(const Error& error);
// Of a change of schema and of clearing.
repl::Applied one_result(uint64_t index, uint64_t affected);
// Carries it out in `transaction`. Where the meter of that has ended the answer means nothing.
repl::Applied answer_change(Transaction& transaction, Change change, uint64_t index);

}  // namespace tandem::db
