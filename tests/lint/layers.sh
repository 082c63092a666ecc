#!/usr/bin/env bash
# Holds the #include lines of lib/ and bin/ to the layers of tandem-hacking(7): prints file:line of
# each violation and exits 1 where there is one.
set -eu
unset CDPATH
cd "${1:-"$(dirname "$0")/../.."}"

# shellcheck disable=SC2016  # the program is for awk
find lib bin -name '*.h' -o -name '*.cc' | sort | xargs -r awk '
  BEGIN {
    # What a library may include besides itself. Row by row, lowest first.
    may["base"] = ""
    may["file"] = may["wire"] = "base"
    may["repl"] = may["rides"] = "base wire"
    may["db"] = may["toys"] = "base wire repl/state_machine.h"
    may["store"] = "base wire repl toys"
    may["loop"] = "base"
    may["http"] = may["fetch"] = may["rpc"] = "base wire loop"
    may["ui"] = "base wire loop http"
    may["events"] = "base file wire loop http"
    may["pg"] = "base file loop"
    may["tables"] = "base wire repl db loop pg"
    may["storage"] = "base file wire loop"
    may["coord"] = "base file wire loop fetch"
    may["consul"] = "base wire coord/coord.h coord/member_text.h coord/names.h"
    may["consulhost"] = "base file wire loop fetch coord consul"
    below = "base file wire repl rides db toys store loop http events ui fetch pg tables rpc coord consul " \
            "consulhost storage"
    may["daemon"] = below
    may["replica"] = may["rideshare"] = may["group"] = below " daemon"
    may["mirror"] = below " daemon replica"
    may["storehost"] = below " daemon replica group"
    split(below " daemon replica mirror rideshare group storehost", all)
    for (i in all) library[all[i]] = 1

    # The libraries or programs that wrap each of these; elsewhere they must not appear.
    wrapped["uv"] = "loop"; wrapped["nng"] = "rpc"; wrapped["curl"] = "fetch"
    wrapped["libpq-fe"] = "pg"; wrapped["llhttp"] = "http"; wrapped["toml++"] = "daemon"
    wrapped["prometheus"] = "daemon"; wrapped["simdjson"] = "wire"
    wrapped["openssl"] = "rs-client fetch"  # digests; certificates
    # What a pure library has no use for.
    split("thread mutex condition_variable future atomic random fstream iostream filesystem " \
          "unistd.h fcntl.h pthread.h time.h ctime sys/", words)
    for (i in words) impure[words[i]] = 1
    pure["repl"] = pure["db"] = pure["toys"] = pure["store"] = pure["rides"] = pure["consul"] = 1
    # What rs-orch decides is as pure, and stands on nothing but what is.
    split("autoscaler directory_fate fleet_plan process_end restart_plan retirement", words)
    for (i in words) plan["bin/rs-orch/" words[i]] = 1
    # So is the way of requests to a group.
    plan["lib/group/gateway"] = plan["lib/group/targets"] = 1
  }
  FNR == 1 {
    split(FILENAME, part, "/")
    program = part[1] == "bin"
    me = part[2]
    stem = FILENAME
    sub(/\.[a-z]+$/, "", stem)
    is_plan = stem in plan
    is_pure = is_plan || (me in pure && !program)
  }
  is_pure && /^[^\/]*(::now\(|random_device|getenv|gettimeofday|clock_gettime)/ {
    bad("what is pure is told the time and has no randomness or environment")
  }
  is_plan && /^[ \t]*#[ \t]*include[ \t]*"/ {
    name = $2
    gsub(/"|\.h/, "", name)
    if (!(("bin/rs-orch/" name) in plan || ("lib/" name) in plan) && name !~ /^(base|repl|wire)\//)
      bad("\"" name ".h\" has no place in what is pure")
  }
  # A name without a directory is a header that the build makes.
  /^[ \t]*#[ \t]*include[ \t]*"[^\/]*"/ { next }
  /^[ \t]*#[ \t]*include/ {
    name = $0
    sub(/^[^"<]*["<]/, "", name)
    sub(/[">].*/, "", name)
    top = name
    sub(/[\/.].*/, "", top)
    if ($0 ~ /</) {
      if (top in wrapped && !allowed(wrapped[top], me, me))
        bad("<" name "> belongs to " wrapped[top] " alone")
      if (is_pure && name != "sys/types.h" && (name in impure || (top "/") in impure))
        bad("<" name "> has no place in what is pure: " stem)
      next
    }
    if (program) {
      if (!(top in library) && index(name, "/") && top != me)
        bad("\"" name "\" is neither a library nor part of bin/" me)
      next
    }
    if (!(me in may)) bad("lib/" me " has no row in the table of this script")
    else if (top != me && !allowed(may[me], top, name))
      bad("lib/" me " may not include \"" name "\" (it may: " (may[me] ? may[me] : "nothing") ")")
  }
  function allowed(list, top, name,    i, n, item) {
    n = split(list, item, " ")
    for (i = 1; i <= n; i++) if (item[i] == top || item[i] == name) return 1
    return 0
  }
  function bad(why) { printf "%s:%d: %s\n", FILENAME, FNR, why; found = 1 }
  END { exit found }'
