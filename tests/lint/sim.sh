#!/usr/bin/env bash
# What is simulated is what ships: a process of the simulator holds the driver (repl/driver.h) and a
# service (lib/store), and none of the parts that those decide with. Prints file:line of each place
# in tests/sim that has one, and exits 1 where there is one.
set -eu
unset CDPATH
cd "${1:-"$(dirname "$0")/../.."}"

# What Driver and the services hold.
parts='repl::(Writers|Readers|IndexWaiters|Replica)( [a-z_]+[;({]|>)|toys::(Purchases|Subscriptions)\>'
headers='"(repl/(waiters|leader|index_finder|exactly_once|chunk_queue)|toys/(purchases|subscriptions))\.h"'

found=$(
  grep -rnE --include='*.h' --include='*.cc' "$parts" tests/sim || true
  grep -nE "#include $headers" tests/sim/node*.{h,cc} tests/sim/store/*_server.{h,cc} || true
)
[ -z "$found" ] && exit 0
printf '%s\n' "$found"
echo 'the simulator runs the driver and the services of the programs, and decides nothing itself'
exit 1
