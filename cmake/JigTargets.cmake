# The few ways a target is made in this project, so that each of them is compiled alike.

set(JIG_SANITIZE "" CACHE STRING "Sanitizers for every target, as -fsanitize takes them")
option(JIG_FUZZ "Build the libFuzzer targets (clang only)" OFF)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Without CMake's -DNDEBUG: a broken invariant aborts in what is installed, too.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")

add_library(jig_flags INTERFACE)
target_compile_definitions(jig_flags INTERFACE _GNU_SOURCE JIG_VERSION="${PROJECT_VERSION}")
target_compile_options(
  jig_flags
  INTERFACE -Wall
            -Wextra
            -Werror
            -Wshadow
            -Wstrict-prototypes
            -Wmissing-prototypes
            -Wpointer-arith
            -Wvla
            -Wformat=2
            -Wno-missing-field-initializers
            # snprintf into a smaller buffer is how a text is cut; gcc looks only when it optimises.
            $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>
            -fstack-protector-strong
            -fno-common)
target_include_directories(jig_flags INTERFACE "${PROJECT_SOURCE_DIR}")
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_definitions(jig_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(JIG_SANITIZE)
  target_compile_options(jig_flags INTERFACE -fsanitize=${JIG_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
  target_link_options(jig_flags INTERFACE -fsanitize=${JIG_SANITIZE})
endif()
if(JIG_FUZZ)
  target_compile_options(jig_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# jig_library(NAME SOURCES a.c b.c [LINK libs...]): one static library for one folder.
# Every folder's code is compiled with scripts' banned-function header forced in.
function(jig_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC jig_flags ${ARG_LINK})
    target_compile_options(${name} PRIVATE -include "${PROJECT_SOURCE_DIR}/core/base/banned.h")
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE jig_flags ${ARG_LINK})
  endif()
endfunction()

# jig_program(NAME SOURCES ... [LINK ...]): an executable, built into build/<preset>/bin so that
# programs find each other the same way in the build tree as once installed.
function(jig_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE jig_flags ${ARG_LINK})
  target_compile_options(${name} PRIVATE -include "${PROJECT_SOURCE_DIR}/core/base/banned.h")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
endfunction()

# jig_unit_test(NAME SOURCES name.c [LINK ...] [UNDER wrapper...]): a cmocka program that ctest runs,
# by way of a wrapper where it needs one, under label unit.
function(jig_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;UNDER" ${ARGN})
  if(JIG_FUZZ)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES} "${PROJECT_SOURCE_DIR}/tests/support/unit_folder.c")
  target_link_libraries(${name} PRIVATE jig_flags ${ARG_LINK} jig_os cmocka)
  add_test(NAME ${name} COMMAND ${ARG_UNDER} $<TARGET_FILE:${name}>)
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

add_custom_target(fuzzers) # all of them, and nothing else

# jig_fuzz_target(NAME SOURCES name.c [LINK ...]): a libFuzzer program over tests/fuzz/corpus/NAME.
# Outside the fuzz preset the same file is run over its corpus alone, as a unit test.
function(jig_fuzz_target name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  set(corpus "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name}")
  if(JIG_FUZZ)
    add_executable(${name} ${ARG_SOURCES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
    add_dependencies(fuzzers ${name})
  else()
    add_executable(${name} ${ARG_SOURCES} "${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c")
    target_link_libraries(${name} PRIVATE jig_os)
    add_test(NAME ${name} COMMAND ${name} "${corpus}")
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 120)
  endif()
  target_link_libraries(${name} PRIVATE jig_flags ${ARG_LINK})
endfunction()
