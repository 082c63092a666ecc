#!/bin/sh
# listens.sh PROGRAM [OPTION]...: prints the TCP addresses on which the program would listen, HOST
# PORT each, by what it itself makes of its options, the environment and its configuration.
program=$1
shift
"$TANDEM_BIN/$program" "$@" --print-config 2>/dev/null | awk '
  /^\[/ { section = substr($1, 2, length($1) - 2) "."; next }
  /^[a-z]/ { value[section $1] = $3; gsub(/"/, "", value[section $1]) }
  END {
    if ("http.port" in value) print value["http.host"], value["http.port"]
    url = value["rpc.url"]
    if (sub(/^tcp:\/\//, "", url)) {
      port = host = url
      sub(/.*:/, "", port)
      sub(/:[^:]*$/, "", host)
      gsub(/[][]/, "", host)
      print host, port
    }
  }'
