#!/usr/bin/env bash
# build.sh DIRECTORY [OPTION|TARGET]...: has ninja build there. Says before a long build how long it
# takes; then one line shows how far it is, on a terminal, and off it a line is printed each tenth.
# Silent where there is nothing to do. What a compiler says is shown as it is.
set -euo pipefail
unset CDPATH
export LC_ALL=C

# A cold build of the programs took 201 s for 303 steps on two cores.
seconds_a_step=13/10

build=$1
shift
jobs=$(nproc)
for option; do
  case $option in -j[0-9]*) jobs=${option#-j} ;; esac
done

# Only counted: --quiet would leave the steps out.
steps=$(NINJA_STATUS='[%f/%t] ' ninja -C "$build" -n "$@" | grep -c '^\[[0-9]*/[0-9]*\]' || true)
seconds=$((steps * seconds_a_step / jobs))
if [ $seconds -ge 20 ]; then
  if [ $seconds -lt 90 ]; then about="$seconds seconds"; else about="$(((seconds + 30) / 60)) minutes"; fi
  echo "building: $steps steps, about $about with $jobs jobs; less for what ccache knows" >&2
fi

if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
  # One line, which ninja writes over. Its time says more than the names of files.
  export NINJA_STATUS='building %f of %t, %o a second, %e s: '
  [ "$steps" -gt 0 ] || set -- --quiet "$@"
  exec ninja -C "$build" "$@"
fi
NINJA_STATUS='[%f/%t] ' ninja -C "$build" "$@" | awk '
  /^ninja: (Entering directory|no work to do)/ { next }
  /^\[[0-9]+\/[0-9]+\]/ {
    split(substr($1, 2), step, /[\/\]]/)
    tenth = int(10 * step[1] / step[2])
    if (step[2] < 10 || tenth <= told) next
    told = tenth
    printf "building: %d %% (%d of %d)\n", 10 * tenth, step[1], step[2]
    fflush()
    next
  }
  { print; fflush() }'
