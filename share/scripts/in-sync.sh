#!/bin/sh
# in-sync.sh ID: waits until the replica ID of the orders is in sync, which ts-front knows; at most
# TANDEM_TIMEOUT, such as 60000ms.
tries=$((${TANDEM_TIMEOUT%ms} / 100 + 1))
until curl -qfs --noproxy '*' -m 2 "$TANDEM_TS_FRONT_URL/replicas" | tr '{' '\n' |
  grep -q "\"id\":$1,.*\"in_sync\":true"; do
  tries=$((tries - 1))
  if [ $tries -le 0 ]; then
    echo "replica $1 of the orders is not in sync"
    exit 1
  fi
  sleep 0.1
done
