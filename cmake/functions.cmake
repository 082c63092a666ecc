# tandem_warnings(target): the warnings every own target is built with.
function(tandem_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  if(TANDEM_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# tandem_library(name SOURCES a.cc … PUBLIC libs… PRIVATE libs…): lib/<name> as a static library;
# headers are included as "<name>/x.h".
function(tandem_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(tandem_${name} STATIC ${ARG_SOURCES})
  target_include_directories(tandem_${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(tandem_${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  tandem_warnings(tandem_${name})
endfunction()

# All programs, without the tests.
add_custom_target(programs)

# tandem_program(name SOURCES … LIBS …): bin/<name> as an executable that is installed in bin/.
function(tandem_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  tandem_warnings(${name})
  add_dependencies(programs ${name})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# tandem_unit_tests(lib): tests/unit/<lib>/*.cc (x_test.cc, fakes, models) as one GoogleTest program,
# one CTest test for each test case. WITHOUT: a pattern of test cases that are left out there.
function(tandem_unit_tests lib)
  cmake_parse_arguments(ARG "" "WITHOUT" "" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${lib}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${lib}_test ${sources})
  target_link_libraries(${lib}_test PRIVATE tandem_${lib} GTest::gmock GTest::gtest_main)
  target_include_directories(${lib}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/tests/unit)
  tandem_warnings(${lib}_test)
  target_compile_options(${lib}_test PRIVATE -O1)  # compiled more often than run
  # Disabled ones are programs that a test starts as another process: no tests by themselves.
  gtest_discover_tests(${lib}_test TEST_PREFIX "${lib}." TEST_FILTER "-*DISABLED_*:${ARG_WITHOUT}" PROPERTIES LABELS unit TIMEOUT 120
                       DISCOVERY_TIMEOUT 60)
endfunction()
