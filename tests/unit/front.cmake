# SPDX-License-Identifier: MIT
# What stands between the user and the runtime: readers, options, manifests.
foreach(name ini args json edit qmp fuzz)
  plugboard_test(test-front-${name} SOURCES test-front-${name}.c LINK pb-core
                 PLUGINS toy-cpu toy-board)
  set_tests_properties(test-front-${name} PROPERTIES
    ENVIRONMENT "PLUGBOARD_PLUGIN_PATH=${CMAKE_BINARY_DIR}/tests/plugins")
  target_compile_definitions(test-front-${name} PRIVATE
    BOARD="${CMAKE_SOURCE_DIR}/tests/cli/machines/toy/board.machine")
endforeach()
