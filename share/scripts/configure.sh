#!/usr/bin/env bash
# configure.sh DIRECTORY [OPTION]...: has cmake prepare a build there, with ccache where it is
# installed. A build keeps the launcher with which it began: with another one ninja would compile
# every file again.
set -eu
unset CDPATH
build=$1
shift
launcher=()
cached=$(sed -n 's/^CMAKE_CXX_COMPILER_LAUNCHER:[^=]*=//p' "$build/CMakeCache.txt" 2>/dev/null || true)
if [ ! -e "$build/CMakeCache.txt" ]; then
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
elif [ -n "$cached" ] && ! command -v "$cached" >/dev/null; then
  launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=) # it is gone
fi
exec cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo --log-level=NOTICE \
  ${launcher[@]+"${launcher[@]}"} "$@"
