# Everything jig links that is not its own; scripts/packages.txt names the Debian packages.

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(PkgConfig REQUIRED)
find_package(nng REQUIRED CONFIG)

foreach(dep IN ITEMS libprotobuf-c libxxhash sqlite3 jansson yajl inih yaml-0.1 libserialport libudev
                     libpcre2-8 libcurl libarchive)
  string(REGEX REPLACE "^lib|-[0-9.]+$" "" short ${dep})
  string(MAKE_C_IDENTIFIER ${short} short)
  pkg_check_modules(${short} REQUIRED IMPORTED_TARGET GLOBAL ${dep})
endforeach()
get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
find_program(PROTOC protoc REQUIRED)
find_program(PROTOC_C protoc-c REQUIRED)

# jig_archive(NAME TARGET FILE): TARGET for shared libraries, its static archive for programs where
# there is one. `jig` runs for a millisecond; a tenth of that would go into loading each of these.
function(jig_archive name target file)
  find_library(${name}_ARCHIVE NAMES ${file})
  add_library(${name} INTERFACE)
  target_include_directories(
    ${name} SYSTEM INTERFACE $<TARGET_PROPERTY:${target},INTERFACE_INCLUDE_DIRECTORIES>)
  if(${name}_ARCHIVE)
    set(shared $<STREQUAL:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY>)
    target_link_libraries(${name} INTERFACE $<IF:${shared},${target},${${name}_ARCHIVE}>)
  else()
    target_link_libraries(${name} INTERFACE ${target})
  endif()
endfunction()

jig_archive(jig_protobuf_c PkgConfig::protobuf_c libprotobuf-c.a)
jig_archive(jig_jansson PkgConfig::jansson libjansson.a)
jig_archive(jig_pcre2 PkgConfig::pcre2 libpcre2-8.a)
