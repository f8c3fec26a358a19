# Turns the linked bootloader ELF into the bytes of a boot section BIN (with OBJCOPY), and fails the
# build unless they are what a 512-byte boot section must be.

set(SECTION_SIZE 512)
set(VERSION_OFFSET 510) # the version word, 0x7ffe, is the section's last

execute_process(
  COMMAND "${OBJCOPY}" -j .text -j .version --set-section-flags .version=alloc,load
          --gap-fill 0xff -O binary "${ELF}" "${BIN}.new" COMMAND_ERROR_IS_FATAL ANY)
file(SIZE "${BIN}.new" size)
if(NOT size EQUAL SECTION_SIZE)
  message(FATAL_ERROR "optiboot came out as ${size} bytes from 0x7e00 on, not ${SECTION_SIZE}: "
                      "this compiler makes it too big, or misplaces its version word")
endif()
file(READ "${BIN}.new" version OFFSET ${VERSION_OFFSET} LIMIT 2 HEX)
file(READ "${BIN}.new" first LIMIT 2 HEX)
if(version STREQUAL "ffff" OR first STREQUAL "ffff")
  message(FATAL_ERROR "optiboot came out damaged: version word ${version}, first word ${first}")
endif()
file(RENAME "${BIN}.new" "${BIN}")
