# cmake -DFROM=file -DTO=file.c -P embed.cmake: the bytes of FROM as jig_descriptors in TO.
file(READ "${FROM}" hex HEX)
string(REGEX REPLACE "(................................................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(SIZE "${FROM}" size)
file(WRITE "${TO}" "#include \"service/handlers/descriptors.h\"

const uint8_t jig_descriptors[] = {
${bytes}
};
const size_t jig_descriptors_size = ${size};
")
