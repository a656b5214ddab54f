# SPDX-License-Identifier: MIT
# The members and the table of a pack: cmake -DOBJCOPY= -DPACK= -DPLUGINS= -DFROM= -DDIR= -P this.
# DIR/PACK-pack-PLUGIN.o becomes DIR/PLUGIN.member.o with the one global symbol pb_member_N, and
# DIR/table.c says which file of FROM it stands for, by that file's build ID.
set(rows)
set(decls)
set(i 0)
foreach(plugin ${PLUGINS})
  # One after the other: in one run LLVM's objcopy keeps by the old name, GNU's by the new one.
  set(member ${DIR}/${plugin}.member.o)
  execute_process(COMMAND ${OBJCOPY} --keep-global-symbol=pb_plugin_v0
    ${DIR}/${PACK}-pack-${plugin}.o ${member} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${OBJCOPY} --redefine-sym pb_plugin_v0=pb_member_${i} ${member}
    COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${OBJCOPY} -O binary --only-section=.note.gnu.build-id
    ${FROM}/${plugin}.so ${DIR}/id COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${DIR}/id id OFFSET 16 HEX) # behind the note's head and "GNU"
  string(APPEND decls "extern const struct pb_plugin pb_member_${i};\n")
  string(APPEND rows "    {\"${plugin}.so\", \"${id}\", &pb_member_${i}},\n")
  math(EXPR i "${i} + 1")
endforeach()
file(WRITE ${DIR}/table.c "/* ${PACK}.pack, made by pack.cmake */
#include <plugboard/pack.h>

${decls}
static const struct pb_pack_member members[] = {
${rows}};

__attribute__((visibility(\"default\"))) extern const struct pb_pack pb_pack_v0;
const struct pb_pack pb_pack_v0 = {
    sizeof pb_pack_v0, PB_ABI_EPOCH, ${i}, sizeof members[0], members,
};
")
