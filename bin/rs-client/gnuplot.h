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

// Latency of each kind of request over what was varied.
struct Plot {
  std::string name;
  std::string axis;  // the column of the table that was varied
  int scale = 1;     // of its values
  std::string axis_title;
  int from = 0;
  int to = 0;
  int step = 1;
  std::string caption;  // below all of it: how much was measured, and how to do it again
};

// Reads NAME.tsv (shop_report.h) and writes NAME.svg and NAME.png, in the directory that it is run
// in. Pure.
std::string latency_script(const Plot& plot);

}  // namespace tandem::client
