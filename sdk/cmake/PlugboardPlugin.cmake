# SPDX-License-Identifier: MIT
# For plugins in this tree and, through find_package(Plugboard), outside it.
#
# plugboard_plugin(NAME SOURCES a.c … [REQUIRES pkg-config-module …]
#                  [LINK target …] [CFLAGS flag …] [TEST])
#
# Builds NAME.so, a plugin: no SONAME, one exported symbol (pb_plugin_v0), every
# undefined symbol resolved at link time by libc or a library of its own, and
# writes NAME.plugin, the text sidecar that lets a host list and refuse the
# plugin without opening it. TEST: one that only tests use, kept apart (in
# PB_TEST_PLUGIN_DIRECTORY, if that is set) and not installed.
set(PB_PLUGIN_MAP ${CMAKE_CURRENT_LIST_DIR}/plugin.map)
set(PB_PACK_MAP ${CMAKE_CURRENT_LIST_DIR}/pack.map)
set(PB_PACK_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/pack.cmake)
set(PB_FUZZ_DIR ${CMAKE_CURRENT_LIST_DIR}/../fuzz) # fuzz-main.c
if(Plugboard_DATA_DIR)
  set(PB_FUZZ_DIR ${Plugboard_DATA_DIR}/fuzz)
endif()
set(PB_TEST_PLUGIN_PATH ${PB_PLUGIN_OUTPUT_DIRECTORY}) # what tests find
if(Plugboard_PLUGIN_DIR)
  string(APPEND PB_TEST_PLUGIN_PATH ":${Plugboard_PLUGIN_DIR}")
endif()

function(plugboard_plugin name)
  cmake_parse_arguments(P "TEST" "" "SOURCES;REQUIRES;LINK;CFLAGS" ${ARGN})
  if(P_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "plugboard_plugin(${name}): unknown ${P_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT P_SOURCES)
    message(FATAL_ERROR "plugboard_plugin(${name}): no SOURCES")
  endif()
  set(dir ${PB_PLUGIN_OUTPUT_DIRECTORY})
  if(P_TEST)
    set(dir ${CMAKE_BINARY_DIR}/tests/plugins)
    if(PB_TEST_PLUGIN_DIRECTORY)
      set(dir ${PB_TEST_PLUGIN_DIRECTORY})
    endif()
  endif()
  add_library(${name} MODULE ${P_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" NO_SONAME ON C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden LIBRARY_OUTPUT_DIRECTORY ${dir} LINK_DEPENDS ${PB_PLUGIN_MAP})
  target_link_libraries(${name} PRIVATE Plugboard::sdk ${P_LINK})
  target_compile_options(${name} PRIVATE ${P_CFLAGS})
  target_link_options(${name} PRIVATE -Wl,--version-script=${PB_PLUGIN_MAP} -Wl,-z,now
    -Wl,-z,relro -Wl,-O1 -Wl,--build-id=sha1) # a pack's copy is known by it
  if(NOT PB_SANITIZE)   # sanitizer run-times are supplied by the program
    # Opening a plugin is start-up time: few mappings, and no page for the bookkeeping of
    # constructors, which C has none of.
    target_link_options(${name} PRIVATE -Wl,-z,defs -Wl,-z,noseparate-code -nostartfiles)
    if(PB_PACKS_RELOCATIONS) # asks libc for a version, and ld does so only where libc is used
      target_link_options(${name} PRIVATE -Wl,-u,free)
    endif()
  endif()
  foreach(module ${P_REQUIRES})
    string(MAKE_C_IDENTIFIER pc_${module} prefix)
    pkg_check_modules(${prefix} REQUIRED IMPORTED_TARGET ${module})
    target_link_libraries(${name} PRIVATE PkgConfig::${prefix})
  endforeach()
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND Plugboard::plugboard-sidecar $<TARGET_FILE:${name}> ${dir}/${name}.plugin
    VERBATIM)
  if(TARGET plugboard-sidecar)
    add_dependencies(${name} plugboard-sidecar)
  endif()
  if(P_TEST)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY PB_PLUGINS ${name})
  set_property(TARGET ${name} PROPERTY PB_PLUGIN_LINK ${P_LINK})
  install(TARGETS ${name} LIBRARY DESTINATION ${PB_PLUGIN_SUBDIR})
  install(FILES ${PB_PLUGIN_OUTPUT_DIRECTORY}/${name}.plugin DESTINATION ${PB_PLUGIN_SUBDIR})
endfunction()

# plugboard_pack(NAME PLUGINS plugin …)
# Builds NAME.pack (plugboard/pack.h), second copies of plugins of this project that need no shared
# library but libc: each is linked into one object, all of whose symbols become local but its
# entry, so that no two of them meet.
function(plugboard_pack name)
  cmake_parse_arguments(K "" "" "PLUGINS" ${ARGN})
  if(PB_SANITIZE OR NOT CMAKE_OBJCOPY)
    return()
  endif()
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/${name}-pack)
  set(members)
  foreach(plugin ${K_PLUGINS})
    set(one ${name}-pack-${plugin})
    add_executable(${one} $<TARGET_OBJECTS:${plugin}>)
    target_link_libraries(${one} PRIVATE $<TARGET_PROPERTY:${plugin},PB_PLUGIN_LINK>)
    target_link_options(${one} PRIVATE -r -nostdlib)
    set_target_properties(${one} PROPERTIES LINKER_LANGUAGE C SUFFIX .o
      RUNTIME_OUTPUT_DIRECTORY ${dir})
    list(APPEND members ${dir}/${plugin}.member.o)
  endforeach()
  add_custom_command(OUTPUT ${dir}/table.c ${members}
    COMMAND ${CMAKE_COMMAND} "-DOBJCOPY=${CMAKE_OBJCOPY}" -DPACK=${name} "-DPLUGINS=${K_PLUGINS}"
      -DFROM=${PB_PLUGIN_OUTPUT_DIRECTORY} -DDIR=${dir} -P ${PB_PACK_SCRIPT}
    DEPENDS ${K_PLUGINS} ${PB_PACK_SCRIPT} VERBATIM)
  foreach(plugin ${K_PLUGINS})
    add_custom_command(OUTPUT ${dir}/table.c DEPENDS ${name}-pack-${plugin} APPEND)
  endforeach()
  add_library(${name}-pack MODULE ${dir}/table.c ${members})
  set_source_files_properties(${members} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  set_target_properties(${name}-pack PROPERTIES PREFIX "" OUTPUT_NAME ${name} SUFFIX .pack
    NO_SONAME ON C_VISIBILITY_PRESET hidden LIBRARY_OUTPUT_DIRECTORY ${PB_PLUGIN_OUTPUT_DIRECTORY}
    LINK_DEPENDS ${PB_PACK_MAP})
  target_link_libraries(${name}-pack PRIVATE Plugboard::sdk)
  target_link_options(${name}-pack PRIVATE -Wl,--version-script=${PB_PACK_MAP} -Wl,-z,now
    -Wl,-z,relro -Wl,-O1 -Wl,-z,defs -Wl,-z,noseparate-code -nostartfiles)
  install(TARGETS ${name}-pack LIBRARY DESTINATION ${PB_PLUGIN_SUBDIR})
endfunction()

# plugboard_index(): the index of all plugins, when the last plugboard_plugin() was called.
function(plugboard_index)
  get_property(plugins GLOBAL PROPERTY PB_PLUGINS)
  set(index ${PB_PLUGIN_OUTPUT_DIRECTORY}/plugins.index)
  add_custom_command(OUTPUT ${index}
    COMMAND plugboard-sidecar --index ${PB_PLUGIN_OUTPUT_DIRECTORY}
    DEPENDS plugboard-sidecar ${plugins} VERBATIM)
  add_custom_target(plugboard-index ALL DEPENDS ${index})
  install(FILES ${index} DESTINATION ${PB_PLUGIN_SUBDIR})
endfunction()

# plugboard_test(NAME SOURCES a.c … [LINK target …] [PLUGINS plugin …] [LABEL l])
# A CUnit program that is one ctest test. It finds the plugins of the build tree. Device
# tests LINK Plugboard::bench.
function(plugboard_test name)
  cmake_parse_arguments(T "" "LABEL;TIMEOUT" "SOURCES;LINK;PLUGINS;ARGS" ${ARGN})
  if(NOT PB_TESTS)
    return()
  endif()
  pkg_check_modules(PB_CUNIT REQUIRED IMPORTED_TARGET cunit)
  add_executable(${name} ${T_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${T_LINK} PkgConfig::PB_CUNIT Threads::Threads)
  if(T_PLUGINS)
    add_dependencies(${name} ${T_PLUGINS})
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  if(NOT T_LABEL)
    set(T_LABEL unit)
  endif()
  add_test(NAME ${name} COMMAND ${name} ${T_ARGS})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS ${T_LABEL}
    ENVIRONMENT
    "PLUGBOARD_PLUGIN_PATH=${PB_TEST_PLUGIN_PATH}")
endfunction()

# plugboard_checks(PLUGIN [options of `plugboard test` …]): two more ctest tests, PLUGIN-check
# and PLUGIN-bench, are `plugboard check` and `plugboard test` of the built plugin.
function(plugboard_checks plugin)
  if(NOT PB_TESTS)
    return()
  endif()
  add_test(NAME ${plugin}-check COMMAND Plugboard::plugboard check $<TARGET_FILE:${plugin}>)
  add_test(NAME ${plugin}-bench
    COMMAND Plugboard::plugboard test $<TARGET_FILE:${plugin}> ${ARGN})
  set_tests_properties(${plugin}-check ${plugin}-bench PROPERTIES TIMEOUT 300 ENVIRONMENT
    "PLUGBOARD_PLUGIN_PATH=${PB_TEST_PLUGIN_PATH}")
endfunction()

# plugboard_fuzz(NAME SOURCES a.c … [CLASS class] [PROPS "key=value,…"] [BUS plugin:class]
#                [COUNT n] [LINK target …])
# A program that drives a device class of these sources, a plugin's, by bytes, and one ctest test
# that runs it for a moment (2000 inputs, or COUNT): libFuzzer with ASan and UBSan when the compiler
# is clang, AFL++'s persistent loop when it is afl-clang-fast, else a loop over random inputs.
# CLASS: other than the first; BUS: who offers the bus that it sits on.
function(plugboard_fuzz name)
  cmake_parse_arguments(F "" "CLASS;PROPS;BUS;COUNT" "SOURCES;LINK" ${ARGN})
  if(F_UNPARSED_ARGUMENTS OR NOT F_SOURCES)
    message(FATAL_ERROR "plugboard_fuzz(${name}): SOURCES, and no ${F_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT PB_TESTS)
    return()
  endif()
  if(NOT F_COUNT)
    set(F_COUNT 2000)
  endif()
  add_executable(${name} ${F_SOURCES} ${PB_FUZZ_DIR}/fuzz-main.c)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE Plugboard::bench ${F_LINK} Threads::Threads)
  foreach(word CLASS PROPS BUS)
    if(F_${word})
      target_compile_definitions(${name} PRIVATE FUZZ_${word}="${F_${word}}")
    else()
      target_compile_definitions(${name} PRIVATE FUZZ_${word}=0)
    endif()
  endforeach()
  target_compile_definitions(${name} PRIVATE FUZZ_NAME="${name}")
  set(run ${name} --count ${F_COUNT})
  if(CMAKE_C_COMPILER MATCHES "afl-[^/]*$")
    set(run sh -c "printf plugboard | $<TARGET_FILE:${name}>")
  elseif(CMAKE_C_COMPILER_ID MATCHES "Clang")
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined
      -fno-sanitize-recover=all)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined)
    target_compile_definitions(${name} PRIVATE FUZZ_LIBFUZZER)
    set(run ${name} -runs=${F_COUNT} -seed=1 -max_len=2048)
  endif()
  add_test(NAME ${name} COMMAND ${run})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 ENVIRONMENT
    "PLUGBOARD_PLUGIN_PATH=${PB_TEST_PLUGIN_PATH}")
endfunction()
