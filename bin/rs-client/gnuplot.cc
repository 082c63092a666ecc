#include "gnuplot.h"

#include <fcntl.h>
#include <unistd.h>

#include <optional>
#include <utility>
#include <vector>

#include "loop/process.h"

namespace tandem::client {
namespace {

constexpr const char* kProgram = "gnuplot";
constexpr const char* kNeeded = "a report needs gnuplot (package gnuplot-nox): ";

// The exit status of gnuplot, which tells its trouble on stderr where that is not to be dropped.
Result<int64_t> run(loop::Loop& loop, std::vector<std::string> args, std::string directory,
                    bool quietly) {
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null < 0) return fail_errno("cannot open '/dev/null'", errno);
  std::optional<int64_t> ended;
  loop::Process process(loop, [&](int64_t exit_status, int signal) {
    ended = signal != 0 ? 128 + signal : exit_status;
    loop.stop();
  });
  loop::ProcessOptions options;
  options.program = kProgram;
  options.args = std::move(args);
  options.working_directory = std::move(directory);
  options.stdout_fd = null;
  options.stderr_fd = quietly ? null : -1;
  const Status started = process.spawn(options);
  close(null);
  if (!started) return fail(ErrorKind::kUnavailable, kNeeded + started.error().message);
  loop.run();
  return *ended;
}

constexpr const char* kScript = R"(
# Latency of each kind of request over what was varied, with the cache on and off.
# Draw it anew, after changes here, by gnuplot in this directory.
set datafile separator tab
set datafile columnheaders
set datafile missing NaN
data = name.'.tsv'

# Colours that can also be told apart by who does not see all of them.
set linetype 1 linecolor rgb '#0072b2' linewidth 2 pointtype 7 pointsize 1
set linetype 2 linecolor rgb '#d55e00' linewidth 2 pointtype 5 pointsize 1
set linetype 3 linecolor rgb '#009e73' linewidth 2 pointtype 9 pointsize 1.2
set linetype 4 linecolor rgb '#0072b2' linewidth 2 dashtype 2 pointtype 6 pointsize 1
set linetype 5 linecolor rgb '#d55e00' linewidth 2 dashtype 2 pointtype 4 pointsize 1
set linetype 6 linecolor rgb '#009e73' linewidth 2 dashtype 2 pointtype 8 pointsize 1.2

set border 3 linecolor rgb '#555555'
set grid ytics linecolor rgb '#cccccc' linewidth 1 dashtype 1
set tics nomirror out
steps = '0.01 0.02 0.05 0.1 0.2 0.5 1 2 5 10 20 50 100 200 500 1000 2000 5000 10000'

# One curve: column `c` where the row is of this cache and kind.
cell(cache, kind, c) = strcol('cache') eq cache && strcol('kind') eq kind ? column(c) : NaN

do for [kind in 'svg png'] {
  if (kind eq 'svg') {
    set terminal svg size 1560,520 font 'sans,15' background rgb 'white' dynamic
  } else {
    set terminal pngcairo size 2340,780 font 'sans,16' linewidth 1.5 pointscale 1.5 \
        background rgb 'white'
  }
  set output name.'.'.kind
  set label 1 caption at screen 0.99,0.04 right noenhanced textcolor rgb '#555555'
  set multiplot layout 1,4 margins 0.046,0.99,0.3,0.91 spacing 0.055
  set key at screen 0.4,0.02 bottom center vertical maxrows 2 width 2 samplen 3 reverse Left
  set logscale y
  set ytics ()
  do for [i=1:words(steps)] { set ytics add (word(steps, i) real(word(steps, i))) }
  set yrange [*:*]
  do for [what in 'mean p50 p99'] {
    set title (what eq 'mean' ? 'Mean latency' : \
               what eq 'p50' ? 'Median (p50) of latency' : '99th percentile of latency')
    set ylabel 'latency (ms)'
    y = what.'_ms'
    plot data using (scale*column(axis)):(cell('on', 'query', y)) \
           with linespoints linetype 1 title 'query, cache on', \
         data using (scale*column(axis)):(cell('off', 'query', y)) \
           with linespoints linetype 4 title 'query, cache off', \
         data using (scale*column(axis)):(cell('on', 'buy', y)) \
           with linespoints linetype 2 title 'buy, cache on', \
         data using (scale*column(axis)):(cell('off', 'buy', y)) \
           with linespoints linetype 5 title 'buy, cache off', \
         data using (scale*column(axis)):(cell('on', 'order', y)) \
           with linespoints linetype 3 title 'order, cache on', \
         data using (scale*column(axis)):(cell('off', 'order', y)) \
           with linespoints linetype 6 title 'order, cache off'
    unset key
    unset label 1
  }
  unset logscale y
  set title 'Queries answered from the cache'
  set ylabel 'hit rate (%)'
  set ytics (0, 20, 40, 60, 80, 100)
  set yrange [0:104]
  plot data using (scale*column(axis)):(100*cell('on', 'query', 'hit_rate')) \
         with linespoints linetype 1 notitle
  unset multiplot
  set output
}
)";

}  // namespace

Status check_gnuplot(loop::Loop& loop) {
  const auto ended = run(loop, {"-e", "set terminal svg; set terminal pngcairo"}, "", true);
  if (!ended) return fail(ended.error());
  if (*ended == 0) return {};
  return fail(ErrorKind::kUnavailable, std::string(kNeeded) + "this one cannot write SVG and PNG");
}

Status run_gnuplot(loop::Loop& loop, const std::string& directory, const std::string& script) {
  const auto ended = run(loop, {script}, directory, false);
  if (!ended) return fail(ended.error());
  if (*ended == 0) return {};
  return fail(ErrorKind::kUnavailable, "gnuplot failed on '" + directory + "/" + script +
                                           "' with " + std::to_string(*ended));
}

std::string latency_script(const Plot& plot) {
  return "name = '" + plot.name + "'\naxis = '" + plot.axis +
         "'\nscale = " + std::to_string(plot.scale) + "\nset xlabel '" + plot.axis_title +
         "'\nset xrange [" + std::to_string(plot.from) + ":" + std::to_string(plot.to) +
         "]\nset xtics " + std::to_string(plot.step) + "\ncaption = '" + plot.caption + "'\n" +
         kScript;
}

}  // namespace tandem::client
