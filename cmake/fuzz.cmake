# A build of the fuzz targets alone: clang, every library instrumented for libFuzzer and both
# sanitizers, optimised a little, lines but no types for the debugger.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "TANDEM_FUZZ needs clang, for libFuzzer: -DCMAKE_CXX_COMPILER=clang++-16")
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -gline-tables-only")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -gline-tables-only")
set(TANDEM_SANITIZE address,undefined,fuzzer-no-link)
