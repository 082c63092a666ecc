// Plots, drawn by gnuplot(1) as a process of its own.
#pragma once

#include <string>

#include "base/result.h"
#include "loop/loop.h"

namespace tandem::client {

// Whether gnuplot is here and can write SVG and PNG; kUnavailable where not. Turns the loop.
Status check_gnuplot(loop::Loop& loop);

// Runs the file `script` of the directory there. Turns the loop.
Status run_gnuplot(loop::Loop& loop, const std::string& directory, const std::string& script);

// Of latency over the probability of buying: reads NAME.tsv (shop_report.h) and writes NAME.svg and
// NAME.png, in the directory that it is run in. Pure.
std::string latency_script(const std::string& name);

}  // namespace tandem::client
