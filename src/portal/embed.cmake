# Write OUTPUT: a C file with the bytes of PAGES (a list of paths below FOLDER), sorted by path. The
# ETag is SHA-256 of the bytes, the first half of it.
set(bytes "")
set(rows "")
set(number 0)
foreach(page IN LISTS PAGES)
    file(READ ${FOLDER}/${page} hex HEX)
    file(SHA256 ${FOLDER}/${page} digest)
    string(SUBSTRING ${digest} 0 32 digest)
    file(SIZE ${FOLDER}/${page} size)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
    # Lines of a length that compilers and people bear.
    string(REGEX REPLACE "(................................................................................)" "\\1\n" hex "${hex}")
    string(APPEND bytes "static const unsigned char PAGE_${number}[] = {\n${hex}0};\n\n")
    string(APPEND rows "    {\"/${page}\", PAGE_${number}, ${size}, \"\\\"${digest}\\\"\"},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}.new
     "/* Made by embed.cmake. */\n#include \"portal_table.h\"\n\n${bytes}"
     "const struct portal_row PORTAL_ROWS[] = {\n${rows}    {0},\n};\n"
     "const size_t PORTAL_ROW_COUNT = ${number};\n")
file(RENAME ${OUTPUT}.new ${OUTPUT})
