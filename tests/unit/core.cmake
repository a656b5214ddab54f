# SPDX-License-Identifier: MIT
# The core's own tests: one claim a program, on a machine of test devices.
file(GLOB core_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test-core-*.c)
foreach(source ${core_tests})
  get_filename_component(name ${source} NAME_WE)
  plugboard_test(${name} SOURCES ${source} core-fixture.c LINK pb-core)
endforeach()
