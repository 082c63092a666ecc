# Every library that tandem links, all from Debian. Names used elsewhere: PkgConfig::UV,
# PkgConfig::CURL, PkgConfig::CRYPTO, PkgConfig::PROM, PkgConfig::PQ, nng::nng, fmt::fmt,
# simdjson::simdjson, tl::expected, llhttp.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq>=14)  # pipeline mode
pkg_check_modules(PROM REQUIRED IMPORTED_TARGET prometheus-cpp-core)
find_package(nng 1.5 CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(simdjson CONFIG REQUIRED)
find_package(tl-expected CONFIG REQUIRED)
# Whoever only runs tandem does not need what only the tests need.
if(TANDEM_TESTS)
  find_package(GTest REQUIRED)
else()
  find_package(GTest QUIET)
endif()

# toml++ is used header-only: Debian's shared library is built with exceptions, ours is not.
find_path(TOMLPP_INCLUDE toml++/toml.h REQUIRED)

# Debian 12 ships llhttp as C sources; newer releases ship a library.
find_path(LLHTTP_INCLUDE llhttp.h HINTS /usr/share/include/llhttp REQUIRED)
find_path(LLHTTP_SRC llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
if(LLHTTP_SRC)
  add_library(llhttp STATIC ${LLHTTP_SRC}/api.c ${LLHTTP_SRC}/http.c ${LLHTTP_SRC}/llhttp.c)
  target_compile_options(llhttp PRIVATE -w -O2)
  # Without it, what stands between chunks and behind a CR is not looked at. Later versions know
  # nothing else.
  target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)
  target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
else()
  find_library(LLHTTP_LIBRARY llhttp REQUIRED)
  add_library(llhttp INTERFACE)
  target_link_libraries(llhttp INTERFACE ${LLHTTP_LIBRARY})
  target_include_directories(llhttp SYSTEM INTERFACE ${LLHTTP_INCLUDE})
endif()
