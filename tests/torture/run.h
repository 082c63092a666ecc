// One run: a subject under the faults of a schedule, from its start to the verdict.
#pragma once

#include "schedule.h"
#include "settings.h"
#include "subject.h"

namespace tandem::torture {

// Tells on standard output what goes on; gives the exit status. TERM and INT end the faults early.
// REQUIRES: at most one a process.
int carry_out(const Settings& settings, Schedule schedule, Subject& subject);

}  // namespace tandem::torture
