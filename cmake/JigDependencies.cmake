# Everything jig links that is not its own; scripts/packages.txt names the Debian packages.

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(PkgConfig REQUIRED)
find_package(nng REQUIRED CONFIG)

foreach(dep IN ITEMS libprotobuf-c libxxhash sqlite3 jansson inih yaml-0.1 libserialport libudev
                     libpcre2-8)
  string(REGEX REPLACE "^lib|-[0-9.]+$" "" short ${dep})
  string(MAKE_C_IDENTIFIER ${short} short)
  pkg_check_modules(${short} REQUIRED IMPORTED_TARGET GLOBAL ${dep})
endforeach()
get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
find_program(PROTOC protoc REQUIRED)
find_program(PROTOC_C protoc-c REQUIRED)
