#!/usr/bin/env bash
# What is simulated is what ships: a process of the simulator holds the driver (repl/driver.h), a
# service or a front's parts (lib/store) and the gateway (group/gateway.h), or coordination by Consul
# (consul::make_coord), and neither the parts that those decide with nor a class like them. Prints
# file:line of each place in tests/sim that has one, and each class that nothing there runs; exits 1
# where there is any.
set -eu
unset CDPATH
cd "${1:-"$(dirname "$0")/../.."}"

# What Driver, the services, the fronts' parts, the gateway and ConsulCoord hold.
parts='repl::(Writers|Readers|IndexWaiters|Replica)( [a-z_]+[;({]|>)|toys::(Purchases|Subscriptions)\>|\<KeyMaker\>|consul::(Client|Session|ConsulLock|GroupView|Believed)\>'
headers='"(repl/(waiters|leader|index_finder|exactly_once|chunk_queue)|toys/(purchases|subscriptions)|wire/key_maker|consul/(client|session|lock|group_view))\.h"'
# What a front's queries and its subscription do with its cache, and its changes with keys.
deeds='\<cache_?(\(\))?\.(find|join_fill|end_fill|fail_fill|begin_poll|pushed)\(|\<(make|made|random)_key\('
ships='repl::Driver store::OrderService store::CatalogService store::ProductQueries store::Changes store::Subscription group::Gateway consul::make_coord'
names=$(sed 's/[a-z]*:://g; s/ /|/g' <<<"$ships")

found=$(
  grep -rnE --include='*.h' --include='*.cc' "$parts" tests/sim || true
  grep -rnE --include='*.h' --include='*.cc' "^ *(class|struct) ($names|ConsulCoord)\>" tests/sim || true
  grep -nE "#include $headers" tests/sim/node*.{h,cc} tests/sim/store/{*_server,front,group_way}.{h,cc} tests/sim/coord/*.{h,cc} || true
  grep -nE "$deeds" tests/sim/store/{*_server,front,group_way}.{h,cc} || true
  for name in $ships; do
    grep -rqE --include='*.h' --include='*.cc' "\<$name\>" tests/sim || echo "nothing in tests/sim runs $name"
  done
)
[ -z "$found" ] && exit 0
printf '%s\n' "$found"
echo 'the simulator runs the driver, the services, the fronts, the gateway and the coordination of the programs, and decides nothing itself'
exit 1
