# A room is a folder with one job and one static library, tributary_<name>. Its LINKS are the rooms and libraries it
# may include: the dependency rule of engine/README.md, stated where the linker sees it.

add_library(tributary_options INTERFACE)
target_include_directories(tributary_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(tributary_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
# g++ 12 reports false maybe-uninitialized inside inlined Boost and std::variant code.
target_compile_options(tributary_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
target_link_libraries(tributary_options INTERFACE Threads::Threads fmt::fmt)
if(CMAKE_UNITY_BUILD)  # g++ takes a source that another one includes for a header
  target_compile_options(tributary_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(TRIBUTARY_WARNINGS_AS_ERRORS)
  target_compile_options(tributary_options INTERFACE -Werror)
endif()
if(TRIBUTARY_TEST_BUGS)
  target_compile_definitions(tributary_options INTERFACE TRIBUTARY_TEST_BUGS=1)
endif()
if(TRIBUTARY_SANITIZE)
  target_compile_options(tributary_options INTERFACE -fsanitize=${TRIBUTARY_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(tributary_options INTERFACE -fsanitize=${TRIBUTARY_SANITIZE})
  if(TRIBUTARY_SANITIZE MATCHES "thread")
    target_compile_options(tributary_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
  if(TRIBUTARY_SANITIZE MATCHES "undefined")
    target_compile_options(tributary_options INTERFACE $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  endif()
endif()

# What long-running programs allocate with. Sanitizers bring their own.
add_library(tributary_allocator INTERFACE)
if(TRIBUTARY_ALLOCATOR STREQUAL "jemalloc" AND NOT TRIBUTARY_SANITIZE)
  target_link_libraries(tributary_allocator INTERFACE PkgConfig::JEMALLOC)
endif()

# tributary_room(<name> SOURCES ... LINKS ... PRIVATE_LINKS ...)
function(tributary_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  if(ROOM_SOURCES)
    add_library(tributary_${name} STATIC ${ROOM_SOURCES})
    target_link_libraries(tributary_${name} PUBLIC tributary_options ${ROOM_LINKS} PRIVATE ${ROOM_PRIVATE_LINKS})
  else()
    add_library(tributary_${name} INTERFACE)
    target_link_libraries(tributary_${name} INTERFACE tributary_options ${ROOM_LINKS})
  endif()
endfunction()

# tributary_unit_test(<room> SOURCES ... LINKS ... [SHARDS n]): one GoogleTest binary per room, run as n processes.
function(tributary_unit_test name)
  cmake_parse_arguments(TEST "" "SHARDS" "SOURCES;LINKS" ${ARGN})
  add_executable(${name}_test ${TEST_SOURCES})
  target_link_libraries(${name}_test PRIVATE tributary_options ${TEST_LINKS} GTest::gtest_main GTest::gmock)
  target_compile_definitions(${name}_test PRIVATE TRIBUTARY_TEST_DATA="${CMAKE_SOURCE_DIR}/tests")
  set_target_properties(${name}_test PROPERTIES UNITY_BUILD OFF)  # helpers of several tests have one name
  # Half of the build was the optimising of assertions, and of the rest half the reading of these headers.
  target_compile_options(${name}_test PRIVATE -O0)
  list(LENGTH TEST_SOURCES sources)
  if(sources GREATER 3)
    target_precompile_headers(${name}_test PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
    set_target_properties(${name}_test PROPERTIES CXX_COMPILER_LAUNCHER "")  # ccache sometimes misses the header's .d file
  endif()
  if(NOT TEST_SHARDS)
    add_test(NAME ${name} COMMAND ${name}_test)
    return()
  endif()
  math(EXPR last_shard "${TEST_SHARDS} - 1")
  foreach(shard RANGE ${last_shard})
    add_test(NAME ${name}_${shard} COMMAND ${name}_test)
    set_tests_properties(${name}_${shard} PROPERTIES
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${TEST_SHARDS};GTEST_SHARD_INDEX=${shard}" COST 1000)
  endforeach()
endfunction()

# tributary_fuzzer(<name> SOURCES ... LINKS ...): a libFuzzer target.
function(tributary_fuzzer name)
  cmake_parse_arguments(FUZZ "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name}_fuzz ${FUZZ_SOURCES})
  target_link_libraries(${name}_fuzz PRIVATE tributary_options ${FUZZ_LINKS})
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
endfunction()
