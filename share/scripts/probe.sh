#!/bin/sh
# probe.sh PID URL: ends with 0 as soon as the URL answers with success, with 1 when the process is
# gone. For programs that cannot announce by themselves that they are ready. Neither http_proxy nor
# ~/.curlrc is meant for this host.
until curl -qfs --noproxy '*' -m 2 -o /dev/null "$2"; do
  kill -0 "$1" 2>/dev/null || exit 1
  sleep 0.05
done
