# SPDX-License-Identifier: MIT
# The core's own tests: one claim a program, on a machine of test devices.
file(GLOB core_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test-core-*.c)
foreach(source ${core_tests})
  get_filename_component(name ${source} NAME_WE)
  plugboard_test(${name} SOURCES ${source} core-fixture.c hand-block.c LINK pb-core)
endforeach()

# Not a test: what the core's short paths cost. Run it when nothing else runs.
if(PB_TESTS)
  pkg_check_modules(PB_CUNIT REQUIRED IMPORTED_TARGET cunit)
  add_executable(bench-core-micro EXCLUDE_FROM_ALL ../bench/micro.c core-fixture.c)
  target_include_directories(bench-core-micro PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(bench-core-micro PRIVATE pb-core PkgConfig::PB_CUNIT)
endif()
